/**
 * What a large backlog costs: resident memory above that of the idle server, and the time from the start of the process to
 * the first dispatch after a crash.
 *
 * One worker, and numbers of 60 digits, so that next to nothing of the backlog ends meanwhile. The memory of the job under way
 * is no cost of the backlog: a single one has a place, and what the server takes with it and nothing else is told apart.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../src/loadgen/seeded-random.ts';
import { Server } from '../test/support/server.ts';
import type { Benchmark, BenchmarkOptions, Result } from './support/benchmark.ts';
import { manySemiprimes } from './support/seeded-numbers.ts';
import { readGauges, submitBatch, submitBatches, type CallerBatch } from './support/service.ts';

const DIGITS = 60;
/** What the worker is busy with before the backlog comes, and its caller. */
const FIRST_JOBS = 20;
const FIRST_CALLER = 'caller_0';
const BATCH_MAX = 10_000;
const CALLERS = [1, 10_000] as const;
const ENV = { FAIRSIEVE_LOG_LEVEL: 'error', FAIRSIEVE_WORKERS: '1', FAIRSIEVE_PARKED_BYTES_MAX: '1MiB' };
/** Memory is read after this long without requests. */
const SETTLE_MS = 5_000;
const MIB = 2 ** 20;
const POLL_MS = 2;

export const memory: Benchmark = {
  about:
    '1,000,000 requests waiting, of 1 caller and of 10,000: resident memory, and start to first dispatch',
  run: runMemory,
};

interface Backlog {
  readonly callers: number;
  readonly requests: number;
  readonly fillSeconds: number;
  readonly waiting: number;
  readonly jobMiB: number;
  readonly aboveIdleMiB: number;
  readonly peakAboveIdleMiB: number;
  readonly restartedAboveIdleMiB: number;
  readonly listeningSeconds: number;
  readonly dispatchSeconds: number;
}

async function runMemory({ quick, seed, say }: BenchmarkOptions): Promise<Result> {
  const requests = quick ? 100_000 : 1_000_000;
  const rows: Backlog[] = [];
  for (const callers of CALLERS) rows.push(await measure(requests, callers, seed, say));
  const name = (row: Backlog): string =>
    `${row.requests.toLocaleString('en')} of ${row.callers.toLocaleString('en')} callers`;
  return {
    tables: [
      {
        title: 'Resident memory above the idle server, MiB',
        columns: [
          'waiting',
          'backlog alone',
          'target',
          'one job alone',
          'backlog and job',
          'highest while filling',
          'after restart',
        ],
        rows: rows.map((row) => [
          name(row),
          row.aboveIdleMiB - row.jobMiB,
          '< 100 MB',
          row.jobMiB,
          row.aboveIdleMiB,
          row.peakAboveIdleMiB,
          row.restartedAboveIdleMiB,
        ]),
      },
      {
        title: 'Seconds after kill -9 and start, from the start of the process',
        columns: ['waiting', 'listens', 'first dispatch', 'target', 'filled in s'],
        rows: rows.map((row) => [
          name(row),
          row.listeningSeconds,
          row.dispatchSeconds,
          '< 2',
          row.fillSeconds,
        ]),
      },
    ],
    notes: rows.map(
      (row) => `${name(row)}: ${row.waiting.toLocaleString('en')} were waiting when memory was read`,
    ),
    failures: 0,
  };
}

async function measure(
  requests: number,
  callers: number,
  seed: number,
  say: BenchmarkOptions['say'],
): Promise<Backlog> {
  await using server = await Server.start({ env: ENV });
  await sleep(SETTLE_MS);
  const idle = await residentBytes(server.pid);
  const numbers = manySemiprimes(requests + FIRST_JOBS, DIGITS, seededRandom(seed));
  const next = (): string => String(numbers.next().value);
  const jobs = Array.from({ length: FIRST_JOBS }, next);

  await submitBatch(server.url, FIRST_CALLER, jobs);
  await sleep(SETTLE_MS);
  const working = await residentBytes(server.pid);

  say(`${requests.toLocaleString('en')} requests of ${callers.toLocaleString('en')} callers`);
  const startMs = performance.now();
  await submitBatches(server.url, batches(requests, callers, next));
  const fillSeconds = (performance.now() - startMs) / 1000;
  await sleep(SETTLE_MS);
  const filled = await residentBytes(server.pid);
  const { requests_waiting: waiting } = await readGauges(server.url);

  say('restart after kill -9');
  await server.end('SIGKILL');
  const restartMs = performance.now();
  await server.start();
  const listeningSeconds = (performance.now() - restartMs) / 1000;
  while ((await readGauges(server.url)).workers_busy === 0) await sleep(POLL_MS);
  const dispatchSeconds = (performance.now() - restartMs) / 1000;
  await sleep(SETTLE_MS);
  const restarted = await residentBytes(server.pid);
  return {
    callers,
    requests,
    fillSeconds,
    waiting,
    jobMiB: (working.now - idle.now) / MIB,
    aboveIdleMiB: (filled.now - idle.now) / MIB,
    peakAboveIdleMiB: (filled.peak - idle.now) / MIB,
    restartedAboveIdleMiB: (restarted.now - idle.now) / MIB,
    listeningSeconds,
    dispatchSeconds,
  };
}

/** The backlog, the same number of requests for each caller. */
function* batches(requests: number, callers: number, next: () => string): Generator<CallerBatch> {
  const perCaller = Math.ceil(requests / callers);
  for (let caller = 0; caller < callers; caller++) {
    for (let left = perCaller; left > 0; left -= BATCH_MAX) {
      yield {
        callerId: `caller_${caller}`,
        numbers: Array.from({ length: Math.min(left, BATCH_MAX) }, next),
      };
    }
  }
}

/** Resident memory of a process, now and at most so far. Linux only. */
async function residentBytes(pid: number): Promise<{ readonly now: number; readonly peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const read = (name: string): number => {
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
    assert(kib !== undefined, `There is no ${name} in /proc/${pid}/status`);
    return Number(kib) * 1024;
  };
  return { now: read('VmRSS'), peak: read('VmHWM') };
}
