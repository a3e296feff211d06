import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatFactors } from '../domain/factorization.ts';
import type { Job } from './kernel.ts';
import { createKernel, loadKernelModule } from './load-kernel.ts';

const kernel = createKernel(await loadKernelModule());
/** 50 digits. */
const P = 10n ** 24n + 7n;
const Q = 3n * 10n ** 24n + 7n;
const SMALL_FACTOR = 1009n;
/** After so many moves a job hears of its helper. */
const EVERY = 16;

function memoryFor(n: bigint): WebAssembly.Memory {
  const pages = kernel.memoryPages(n);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

function moves(count: number): () => boolean {
  let left = count;
  return () => --left <= 0;
}

/** A job of P · Q · 1009 that has come to its sieve, and the number that it wants help with. */
function sievingJob(memory: WebAssembly.Memory): { job: Job; value: bigint } {
  const job = kernel.start(P * Q * SMALL_FACTOR, memory, []);
  while (job.progress().stage !== 'siqs') job.step(() => true);
  const wanted = job.helpWanted();
  assert.ok(wanted !== undefined && wanted.curves === undefined);
  return { job, value: wanted.value };
}

/** How many moves the job, on its way to its end, makes in the sieve: luck decides how many dependencies fail after it. `meanwhile` is called now and then, with the moves that have been made since. */
function movesToEnd(job: Job, meanwhile: (made: number) => void): number {
  let count = 0;
  for (let made = 1; job.step(() => true) === 'unfinished'; made++) {
    if (job.progress().stage === 'siqs') count++;
    if (made % EVERY === 0) meanwhile(EVERY);
  }
  return count;
}

function answer(job: Job): string {
  return formatFactors(job.factorization().factors).replaceAll('?', '');
}

const RIGHT = `${SMALL_FACTOR} ${P} ${Q}`;

test('with the relations of a helper a job is done in little more than half the moves', () => {
  const memory = memoryFor(P * Q * SMALL_FACTOR);
  const alone = movesToEnd(sievingJob(memory).job, () => undefined);
  const { job, value } = sievingJob(memoryFor(P * Q * SMALL_FACTOR));
  assert.equal(value, P * Q);
  const helper = kernel.help({ value }, memoryFor(value), 1);
  const together = movesToEnd(job, (made) => {
    helper.step(moves(made));
    job.learn(helper.takeChunks());
  });
  assert.equal(answer(job), RIGHT);
  assert.ok(together < 0.75 * alone, `${together} moves of the job with a helper, ${alone} alone`);
});

test('pauses, new threads, lanes that are given up and a new beginning from the log change nothing about the answer', () => {
  const event = fc.constantFrom('job', 'helper', 'tell', 'move', 'new lane', 'crash');
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.integer({ min: 1, max: 30 })), { maxLength: 40 }), (events) => {
      const number = P * Q * SMALL_FACTOR;
      let memory = memoryFor(number);
      let { job, value } = sievingJob(memory);
      let lane = 7;
      let helperMemory = memoryFor(value);
      let helper = kernel.help({ value }, helperMemory, lane);
      let log: Uint8Array[] = job.takeChunks();
      for (const [kind, count] of events) {
        if (kind === 'job' && job.step(moves(count)) === 'finished') break;
        if (kind === 'helper') helper.step(moves(count));
        if (kind === 'tell') {
          const chunks = helper.takeChunks();
          job.learn(chunks);
          log = [...log, ...chunks, ...job.takeChunks()];
        }
        if (kind === 'move') {
          job = kernel.attach(structuredClone(job.state()), memory);
          helper = kernel.attach(structuredClone(helper.state()), helperMemory);
        }
        if (kind === 'new lane') {
          helperMemory = memoryFor(value);
          helper = kernel.help({ value }, helperMemory, ++lane);
        }
        if (kind === 'crash') {
          memory = memoryFor(number);
          job = kernel.start(number, memory, log);
        }
      }
      job.learn(helper.takeChunks());
      job.step(() => false);
      assert.equal(answer(job), RIGHT);
    }),
    { numRuns: 8 },
  );
});

test('what a helper of another number found is ignored, and so is rubbish', () => {
  const { job, value } = sievingJob(memoryFor(P * Q * SMALL_FACTOR));
  const other = P * (Q + 10n);
  const stranger = kernel.help({ value: other }, memoryFor(other), 1);
  stranger.step(moves(60));
  job.learn([...stranger.takeChunks(), new Uint8Array(), new Uint8Array(100).fill(7)]);
  const helper = kernel.help({ value }, memoryFor(value), 1);
  helper.step(moves(20));
  job.learn(helper.takeChunks().map((chunk) => chunk.subarray(0, chunk.length - 5)));
  job.step(() => false);
  assert.equal(answer(job), RIGHT);
});

test('a helper that has found enough by itself leaves the rest to the job', () => {
  const { job, value } = sievingJob(memoryFor(P * Q * SMALL_FACTOR));
  const helper = kernel.help({ value }, memoryFor(value), 1);
  for (let i = 0; i < 3; i++) assert.equal(helper.step(moves(5_000)), 'finished');
  job.learn(helper.takeChunks());
  job.step(() => false);
  assert.equal(answer(job), RIGHT);
});

test('a lane that is no whole number from 1 on is refused by name', () => {
  const value = P * Q;
  for (const lane of [0, -1, 1.5, 2 ** 32, Number.NaN])
    assert.throws(() => kernel.help({ value }, memoryFor(value), lane), {
      message: `Cannot help in lane ${lane}: it must be an integer from 1 to 4294967295`,
    });
});
