import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatFactors } from '../domain/factorization.ts';
import { nextPrime } from './bigint-reference.ts';
import { encodeRecord } from './job-chunk.ts';
import type { HelpWanted, Job } from './kernel.ts';
import { createKernel, loadKernelModule } from './load-kernel.ts';

const kernel = createKernel(await loadKernelModule());
const P = nextPrime(10n ** 14n);
/** Together 60 digits: the job has some curves to run before it sieves. */
const Q = nextPrime(10n ** 45n);
const PRIME_1 = nextPrime(10n ** 24n);
const PRIME_2 = nextPrime(3n * 10n ** 25n);
/** Beyond the sieve. */
const HOPELESS = nextPrime(10n ** 60n) * nextPrime(10n ** 61n);

function memoryFor(n: bigint): WebAssembly.Memory {
  const pages = kernel.memoryPages(n);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** A job that runs curves, and what it wants of others. */
function curvingJob(n: bigint): { job: Job; wanted: HelpWanted } {
  const job = kernel.start(n, memoryFor(n), []);
  while (job.helpWanted() === undefined) job.step(() => true);
  const wanted = job.helpWanted();
  assert.ok(wanted?.curves !== undefined);
  return { job, wanted };
}

/** Chunks of the helper's next curves. */
function nextChunks(helper: Job): Uint8Array[] {
  for (;;) {
    assert.equal(
      helper.step(() => true),
      'unfinished',
    );
    const chunks = helper.takeChunks();
    if (chunks.length > 0) return chunks;
  }
}

function movesToSieve(job: Job): number {
  let count = 0;
  for (; job.progress().stage !== 'siqs'; count++) job.step(() => true);
  return count;
}

function answer(job: Job): string {
  job.step(() => false);
  return formatFactors(job.factorization().factors);
}

test('what a helper meets splits the number of the job', () => {
  const { job, wanted } = curvingJob(P * Q);
  const helper = kernel.help(wanted, memoryFor(wanted.value), 1);
  for (let batches = 0; job.factorization().factors.length === 1; batches++) {
    assert.ok(batches < 200, 'curves that should find 15 digits did not');
    job.learn(nextChunks(helper));
  }
  assert.equal(answer(job), `${P} ${Q}`);
});

test('curves of a helper count as the job’s own, and are in its log', () => {
  const n = PRIME_1 * PRIME_2;
  const alone = movesToSieve(curvingJob(n).job);
  const { job, wanted } = curvingJob(n);
  const log = job.takeChunks();
  const helper = kernel.help(wanted, memoryFor(n), 1);
  for (let i = 0; i < 5; i++) job.learn(nextChunks(helper));
  log.push(...job.takeChunks());
  assert.ok(movesToSieve(job) < alone);
  assert.ok(movesToSieve(kernel.start(n, memoryFor(n), log)) < alone);
  assert.equal(answer(job), `${PRIME_1} ${PRIME_2}`);
});

test('the last curves may be a helper’s: the job leaves its own for the sieve', () => {
  const { job, wanted } = curvingJob(PRIME_1 * PRIME_2);
  const helper = kernel.help(wanted, memoryFor(wanted.value), 1);
  for (let i = 0; job.helpWanted()?.curves !== undefined; i++) {
    assert.ok(i < 100, 'the job still wants curves');
    assert.deepEqual(job.helpWanted(), wanted);
    job.learn(nextChunks(helper));
  }
  assert.deepEqual(job.helpWanted(), { value: wanted.value });
  const before = job.state();
  job.learn(nextChunks(helper));
  assert.deepEqual(job.state(), before, 'what comes too late changes nothing');
});

test('what may be curved for ever wants larger bounds as it goes on', () => {
  const { job, wanted } = curvingJob(HOPELESS);
  const helper = kernel.help(wanted, memoryFor(HOPELESS), 1);
  for (let i = 0; i < 4; i++) job.learn(nextChunks(helper));
  const b1 = job.helpWanted()?.curves?.b1;
  assert.ok(b1 !== undefined && b1 > (wanted.curves?.b1 ?? Infinity));
});

test('lanes run different curves', () => {
  const { wanted } = curvingJob(P * Q);
  const batchesToDivisor = (lane: number): number => {
    const helper = kernel.help(wanted, memoryFor(wanted.value), lane);
    const { job } = curvingJob(P * Q);
    let batches = 0;
    for (; job.factorization().factors.length === 1 && batches < 200; batches++)
      job.learn(nextChunks(helper));
    return batches;
  };
  const lanes = [1, 2, 3, 4, 5, 6];
  assert.ok(new Set(lanes.map(batchesToDivisor)).size > 1);
});

test('a divisor that is none, of another number, or no record at all is ignored', () => {
  const { job } = curvingJob(PRIME_1 * PRIME_2);
  const value = PRIME_1 * PRIME_2;
  for (const divisor of [0n, 1n, 7n, value, PRIME_1 + 1n, value * 3n])
    job.learn([encodeRecord({ kind: 'divisor', value, divisor })]);
  job.learn([encodeRecord({ kind: 'divisor', value: P * Q, divisor: P })]);
  const chunk = encodeRecord({ kind: 'divisor', value, divisor: PRIME_1 });
  job.learn([chunk.subarray(0, chunk.length - 3), new Uint8Array(100).fill(7)]);
  assert.equal(job.factorization().factors.length, 1);
  job.learn([chunk]);
  assert.equal(job.factorization().factors.length, 2);
});

test('pauses, new threads and helpers that are given up change nothing about the answer', () => {
  const event = fc.constantFrom('job', 'helper', 'tell', 'move', 'new helper', 'crash');
  const cases = [P * Q * 7n, PRIME_1 * PRIME_2].map((n) => ({
    n,
    expected: answer(kernel.start(n, memoryFor(n), [])),
  }));
  fc.assert(
    fc.property(
      fc.constantFrom(...cases),
      fc.array(fc.tuple(event, fc.integer({ min: 1, max: 20 })), { maxLength: 25 }),
      ({ n, expected }, events) => {
        let memory = memoryFor(n);
        let job = kernel.start(n, memory, []);
        let helper: Job | undefined;
        let helperMemory = memory;
        let lane = 0;
        const log: Uint8Array[] = [];
        for (const [kind, count] of events) {
          let left = count;
          const moves = (): boolean => --left <= 0;
          if (kind === 'job') job.step(moves);
          if (kind === 'helper') helper?.step(moves);
          if (kind === 'tell') {
            job.learn(helper?.takeChunks() ?? []);
            log.push(...job.takeChunks());
          }
          if (kind === 'move') {
            job = kernel.attach(structuredClone(job.state()), memory);
            helper &&= kernel.attach(structuredClone(helper.state()), helperMemory);
          }
          if (kind === 'new helper') {
            const wanted = job.helpWanted();
            helperMemory = memoryFor(n);
            helper = wanted && kernel.help(wanted, helperMemory, ++lane);
          }
          if (kind === 'crash') {
            memory = memoryFor(n);
            job = kernel.start(n, memory, log);
          }
        }
        job.learn(helper?.takeChunks() ?? []);
        assert.equal(answer(job), expected);
      },
    ),
    { numRuns: 12 },
  );
});
