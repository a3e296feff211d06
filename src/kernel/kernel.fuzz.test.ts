/**
 * Any numbers, worked on in any way, for a bounded time: jobs are stepped, moved to other instances, begun again from logs
 * that were cut, repeated, shuffled and damaged, and helped by others. Whatever happens, the answer multiplies to the number, and
 * what it calls prime is prime. Each run draws other cases; a failure prints the seed that repeats it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Factorization } from '../domain/factorization.ts';
import { isPrime } from './bigint-reference.ts';
import { createKernel, loadKernelModule } from './load-kernel.ts';

const kernel = createKernel(await loadKernelModule());

/** After so many milliseconds no further case is drawn. */
const FUZZ_MS = 10_000;
/** So large that the time ends it. */
const CASES_MAX = 1_000_000;
/** Cases are to be many: a number that may need the sieve is kept below about 48 digits. */
const BITS_MAX = 160;

/** Products of a few numbers of any sizes, so that all shapes come: primes, powers, smooth numbers, semiprimes, 1. */
const numbers = fc
  .array(fc.tuple(fc.bigInt({ min: 1n, max: 2n ** 75n }), fc.integer({ min: 0, max: 75 })), { maxLength: 5 })
  .map((parts) =>
    parts.reduce((product, [part, shift]) => {
      const next = product * ((part >> BigInt(shift)) + 1n);
      return next >> BigInt(BITS_MAX) === 0n ? next : product;
    }, 1n),
  );

type Damage = 'none' | 'cut' | 'flipped' | 'repeated' | 'shuffled';

const actions = fc.array(
  fc.record({
    what: fc.constantFrom('step', 'move', 'begin again', 'help'),
    count: fc.integer({ min: 1, max: 60 }),
    damage: fc.constantFrom<Damage>('none', 'cut', 'flipped', 'repeated', 'shuffled'),
    where: fc.nat(),
  }),
  { maxLength: 15 },
);

function memoryFor(n: bigint): WebAssembly.Memory {
  const pages = kernel.memoryPages(n);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

function moves(count: number): () => boolean {
  let left = count;
  return () => --left <= 0;
}

const DAMAGES: Readonly<Record<Damage, (log: readonly Uint8Array[], where: number) => Uint8Array[]>> = {
  none: (log) => [...log],
  cut: (log, where) => log.slice(0, where % (log.length + 1)),
  flipped: (log, where) =>
    log.map((chunk) =>
      chunk.map((byte, i) => (i === where % chunk.length ? byte ^ (1 << (where % 8)) : byte)),
    ),
  repeated: (log) => [...log, ...log],
  shuffled: (log, where) => log.toSorted((a, b) => ((a.length ^ where) % 7) - ((b.length ^ where) % 7)),
};

function assertTrue(n: bigint, answer: Factorization, isComplete: boolean): void {
  assert.equal(
    answer.factors.reduce((product, { prime, exponent }) => product * prime ** BigInt(exponent), 1n),
    n,
  );
  for (const { prime, certainty } of answer.factors) {
    if (isComplete) assert.notEqual(certainty, 'composite', `${n}: ${prime} was left`);
    if (certainty !== 'composite') assert.ok(isPrime(prime), `${n}: ${prime} is not prime`);
  }
}

test('whatever is done to jobs and their logs, answers multiply to the number and name primes only', (t) => {
  let cases = 0;
  fc.assert(
    fc.property(numbers, actions, (n, plan) => {
      cases++;
      if (kernel.isSmall(n)) return assertTrue(n, kernel.factorSmall(n), true);
      let memory = memoryFor(n);
      let job = kernel.start(n, memory, []);
      let log: Uint8Array[] = [];
      for (const [lane, { what, count, damage, where }] of plan.entries()) {
        if (what === 'step' && job.step(moves(count)) === 'finished') break;
        log.push(...job.takeChunks());
        if (what === 'move') job = kernel.attach(structuredClone(job.state()), memory);
        if (what === 'begin again') {
          log = DAMAGES[damage](log, where);
          memory = memoryFor(n);
          job = kernel.start(n, memory, log);
        }
        const wanted = job.helpWanted();
        if (what === 'help' && wanted) {
          const helper = kernel.help(wanted, memoryFor(wanted.value), lane + 1);
          helper.step(moves(count));
          job.learn(DAMAGES[damage](helper.takeChunks(), where));
        }
        assertTrue(n, job.factorization(), false);
      }
      job.step(() => false);
      assertTrue(n, job.factorization(), true);
    }),
    { numRuns: CASES_MAX, interruptAfterTimeLimit: FUZZ_MS },
  );
  t.diagnostic(`${cases} cases`);
});
