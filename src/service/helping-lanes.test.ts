/** Who gets help, which memory it takes, and when it ends: `Helping` alone, over an engine that does what the test says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../base/clock.ts';
import type { Engine, SliceOrder, SliceOutcome } from '../engine/engine.ts';
import { MemoryPool } from '../engine/memory-pool.ts';
import { Helping } from './helping.ts';
import { createJob, type LiveJob, type LiveRequest } from './live-job.ts';

const PAGE = 65_536;

class FakeEngine {
  readonly orders: { readonly order: SliceOrder; readonly end: (outcome: SliceOutcome) => void }[] = [];
  readonly interrupted: string[] = [];
  readonly given: WebAssembly.Memory[] = [];
  hasIdle = false;
  nowMs = 0;
  readonly helping: Helping;

  constructor(bytesMax: number) {
    const pool = new MemoryPool(0);
    pool.give = (memory) => void this.given.push(memory);
    const engine = {
      slice: (order: SliceOrder) => new Promise<SliceOutcome>((end) => void this.orders.push({ order, end })),
      interrupt: (which: string) => void this.interrupted.push(which),
    } as unknown as Engine;
    Object.defineProperty(engine, 'hasIdle', { get: () => this.hasIdle });
    const clock = { wallMs: () => 1_000, monotonicMs: () => this.nowMs } as Clock;
    this.helping = new Helping(
      { engine, clock, sliceMs: 50, lanes: { pool, pages: () => 1, bytesMax } },
      (work) => void work,
    );
  }

  async end(index: number, outcome: SliceOutcome): Promise<void> {
    this.orders[index]?.end(outcome);
    await new Promise(setImmediate);
  }
}

function jobOf(value: bigint): LiveJob {
  const job = createJob(String(value), String(value), value, { small: false, placeBytes: 0 }, 0);
  job.memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  job.members.add({ phase: 'waiting' } as LiveRequest);
  return job;
}

function wants(value: bigint | undefined, remainingMs: number): Parameters<Helping['update']>[1] {
  return { ...(value && { helpWanted: { value } }), progress: { stage: 'siqs', fraction: 0.5, remainingMs } };
}

function parked(chunks: readonly Uint8Array[]): Extract<SliceOutcome, { kind: 'finished' | 'parked' }> {
  const state = { version: 1, number: 1n };
  const progress = { stage: 'siqs', fraction: 0 } as const;
  return { kind: 'parked', state, chunks, progress, factors: [], cpuMs: 40 };
}

test('the biggest job is helped, in lanes of their own, and gets what was found and what it cost', async () => {
  const fake = new FakeEngine(10 * PAGE);
  const [small, big] = [jobOf(15n), jobOf(77n)];
  fake.helping.update(small, wants(15n, 1_000));
  fake.helping.update(big, wants(77n, 9_000));
  fake.helping.fill(2);
  assert.deepEqual(
    fake.orders.map(({ order }) => order.number),
    [77n, 77n],
  );
  assert.notEqual(fake.orders[0]?.order.help?.lane, fake.orders[1]?.order.help?.lane);
  assert.notEqual(fake.orders[0]?.order.memory, fake.orders[1]?.order.memory);
  const chunk = Uint8Array.of(1);
  await fake.end(0, parked([chunk]));
  assert.deepEqual([big.learnt, big.unsaved, big.helpCpuMs], [[chunk], [chunk], 40]);
  fake.helping.fill(1);
  assert.equal(fake.orders[2]?.order.help?.lane, fake.orders[0]?.order.help?.lane, 'a lane is gone on with');
  assert.ok(fake.orders[2]?.order.state !== undefined);
});

test('what is nearly done, wants nothing or has lost its memory is not helped', () => {
  const fake = new FakeEngine(10 * PAGE);
  const evicted = jobOf(21n);
  delete evicted.memory;
  fake.helping.update(jobOf(15n), wants(15n, 200));
  fake.helping.update(jobOf(77n), wants(undefined, 9_000));
  fake.helping.update(evicted, wants(21n, 9_000));
  fake.helping.fill(2);
  assert.equal(fake.orders.length, 0);
});

test('lanes in use are given back only when their thread is done with them', async () => {
  const fake = new FakeEngine(10 * PAGE);
  const job = jobOf(77n);
  fake.helping.update(job, wants(77n, 9_000));
  fake.helping.fill(2);
  await fake.end(0, parked([]));
  fake.helping.end(job);
  assert.deepEqual(fake.given, [fake.orders[0]?.order.memory]);
  await fake.end(1, parked([]));
  assert.deepEqual(fake.given, [fake.orders[0]?.order.memory, fake.orders[1]?.order.memory]);
});

test('a helper that breaks its thread costs the job its help, and its memory is nobody’s', async () => {
  const fake = new FakeEngine(10 * PAGE);
  const job = jobOf(77n);
  fake.helping.update(job, wants(77n, 9_000));
  fake.helping.fill(1);
  await fake.end(0, { kind: 'broke', reason: 'it hung' });
  fake.helping.update(job, wants(77n, 9_000));
  fake.helping.fill(1);
  assert.deepEqual([fake.orders.length, fake.given.length], [1, 0]);
});

test('a helper that has found all by itself is not asked again', async () => {
  const fake = new FakeEngine(10 * PAGE);
  const job = jobOf(77n);
  fake.helping.update(job, wants(77n, 9_000));
  fake.helping.fill(1);
  await fake.end(0, { ...parked([Uint8Array.of(1)]), kind: 'finished' });
  assert.deepEqual([job.learnt.length, fake.given.length], [1, 1]);
  fake.helping.update(job, wants(77n, 9_000));
  fake.helping.fill(1);
  assert.equal(fake.orders.length, 1);
});

test('help goes on to the end of what it was begun for, and begins anew where curves give way to the sieve', async () => {
  const fake = new FakeEngine(10 * PAGE);
  const job = jobOf(77n);
  const curves = { b1: 2_000, b2: 200_000, width: 2310 } as const;
  const progress = { stage: 'ecm', fraction: 0.1, remainingMs: 9_000 } as const;
  fake.helping.update(job, { helpWanted: { value: 77n, curves }, progress });
  fake.helping.fill(1);
  assert.deepEqual(fake.orders[0]?.order.help?.wanted, { value: 77n, curves });
  await fake.end(0, parked([Uint8Array.of(1)]));
  assert.deepEqual([job.learnt.length, job.unsaved.length], [1, 0], 'the job itself tells of curves');
  fake.helping.update(job, wants(77n, 200));
  fake.helping.fill(1);
  assert.deepEqual(fake.orders[1]?.order.help?.wanted, { value: 77n });
  assert.notEqual(fake.orders[1]?.order.help?.lane, fake.orders[0]?.order.help?.lane);
  assert.equal(fake.orders[1]?.order.state, undefined);
  await fake.end(1, parked([]));
  fake.helping.update(job, wants(77n, 100));
  fake.helping.fill(1);
  assert.equal(fake.orders.length, 3);
});

test('a number that may never end is helped after all whose end is in sight', () => {
  const fake = new FakeEngine(10 * PAGE);
  const [endless, short] = [jobOf(77n), jobOf(15n)];
  fake.helping.update(endless, { helpWanted: { value: 77n }, progress: { stage: 'ecm', fraction: 0 } });
  fake.helping.update(short, wants(15n, 400));
  fake.helping.fill(1);
  assert.equal(fake.orders[0]?.order.number, 15n);
});

test('all lanes together keep to their bound; idle ones of another job make room', async () => {
  const fake = new FakeEngine(2 * PAGE);
  const [first, second] = [jobOf(15n), jobOf(77n)];
  fake.helping.update(first, wants(15n, 1_000));
  fake.helping.fill(3);
  assert.equal(fake.orders.length, 2, 'two lanes are all that there is memory for');
  await fake.end(0, parked([]));
  fake.helping.update(second, wants(77n, 9_000));
  fake.helping.fill(1);
  assert.equal(fake.orders[2]?.order.number, 77n);
  assert.equal(fake.given.length, 1);
});

test('helpers make way for what arrives, where no worker is idle, and stay away for a moment', () => {
  const fake = new FakeEngine(10 * PAGE);
  const job = jobOf(77n);
  fake.helping.makeWay();
  assert.deepEqual(fake.interrupted, [], 'there is nobody to interrupt');
  fake.helping.update(job, wants(77n, 9_000));
  fake.helping.fill(1);
  fake.hasIdle = true;
  fake.helping.makeWay();
  assert.deepEqual(fake.interrupted, [], 'an idle worker takes it');
  fake.hasIdle = false;
  fake.helping.makeWay();
  assert.deepEqual(fake.interrupted, ['helpers']);
  fake.nowMs = 20;
  fake.helping.fill(1);
  assert.equal(fake.orders.length, 1);
  fake.nowMs = 40;
  fake.helping.fill(1);
  assert.equal(fake.orders.length, 2);
});
