import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredRequest } from '../domain/request.ts';
import type { JobLogEntry } from '../store/job-log.ts';
import { StoreError, type Store } from '../store/store.ts';
import { appendUnsaved, type JobLogParts } from './job-log.ts';
import type { LiveJob } from './live-job.ts';
import { LiveSet } from './live-set.ts';

const MIB = 2 ** 20;
const clock = { wallMs: () => 9, monotonicMs: () => 0, sleep: () => Promise.resolve() };

/** Jobs of one request each, over a store that can be told to have no room. */
class Desk {
  readonly #live = new LiveSet(() => ({ small: false, placeBytes: 0 }), clock);
  readonly entries: JobLogEntry[] = [];
  isFull = false;

  job(number: number): LiveJob {
    const stored: StoredRequest = {
      seq: number,
      token: '',
      callerId: 'acme',
      mode: 'queued',
      number: String(number),
      acceptedAtMs: 3,
      ordinal: 0,
      state: { kind: 'queued' },
      timeline: [],
    };
    const { job } = this.#live.add(stored);
    for (const member of job.members) member.budgetFromMs = 1;
    job.startedAtMs = 5;
    return job;
  }

  get parts(): JobLogParts {
    const appendLog = (entry: JobLogEntry): Promise<void> => {
      if (this.isFull) return Promise.reject(new StoreError('full', 'no room'));
      this.entries.push(entry);
      return Promise.resolve();
    };
    return { store: { appendLog } as Partial<Store> as Store, clock, live: this.#live };
  }
}

function chunksOf(count: number, bytes: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => new Uint8Array(bytes).fill(i));
}

function bytesOf({ unsaved }: LiveJob): number {
  return unsaved.reduce((sum, chunk) => sum + chunk.length, 0);
}

test('what is unsaved goes to the store in order, in calls of bounded size, with who waits for it', async () => {
  const desk = new Desk();
  const job = desk.job(77);
  const chunks = chunksOf(100, MIB / 16);
  job.unsaved = chunks;
  await appendUnsaved(job, desk.parts);
  assert.deepEqual(
    desk.entries.flatMap((entry) => entry.chunks),
    chunks,
  );
  assert.deepEqual(job.unsaved, []);
  for (const { chunks: piece, started, number } of desk.entries) {
    assert.ok(piece.length <= 16, `${piece.length} chunks of 64 KiB at once`);
    assert.equal(number, '77');
    assert.deepEqual(started, [{ seq: 77, startedAtMs: 5, budgetFromMs: 1 }]);
  }
});

test('what a job without chunks has spent goes to the store every second of it, with who waits', async () => {
  const desk = new Desk();
  const job = desk.job(77);
  for (const cpuMs of [999, 1_000, 1_999, 2_000]) {
    job.cpuMs = cpuMs;
    await appendUnsaved(job, desk.parts);
  }
  const started = [{ seq: 77, startedAtMs: 5, budgetFromMs: 1 }];
  const entry = { number: '77', chunks: [], started, atMs: 9 };
  assert.deepEqual(desk.entries, [
    { ...entry, cpuMs: 1_000 },
    { ...entry, cpuMs: 2_000 },
  ]);
});

test('what finds no room goes with the next call, before what is newer', async () => {
  const desk = new Desk();
  const job = desk.job(77);
  desk.isFull = true;
  const [first, second, third] = chunksOf(3, 10);
  job.unsaved = [first!, second!];
  const saving = appendUnsaved(job, desk.parts);
  job.unsaved = [...job.unsaved, third!];
  await saving;
  desk.isFull = false;
  await appendUnsaved(job, desk.parts);
  assert.deepEqual(
    desk.entries.flatMap((entry) => entry.chunks),
    [first, second, third],
  );
});

test('all jobs together keep a bounded number of bytes for a store that has no room', async () => {
  const desk = new Desk();
  desk.isFull = true;
  const jobs = [77, 91, 93].map((number) => desk.job(number));
  for (const job of jobs) {
    job.unsaved = chunksOf(20, MIB);
    await appendUnsaved(job, desk.parts);
  }
  assert.deepEqual(jobs.map(bytesOf), [20 * MIB, 12 * MIB, 0]);
});
