import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isPrime, nextPrime, seededNaturals } from './bigint-reference.ts';
import type { KernelInstance } from './kernel-instance.ts';
import { proofFraction, proofStart, type ProofState, proofStep } from './primality-proof.ts';
import type { ProofVerdict } from './proof-verdict.ts';
import { newProofKernel, prove, sameMemory } from './proof-runs.ts';

const WORD = 1n << 64n;

test('well-known primes are proven', () => {
  for (const n of [
    10n ** 20n + 39n,
    10n ** 40n + 121n,
    10n ** 50n + 151n,
    10n ** 100n + 267n,
    2n ** 89n - 1n,
    2n ** 127n - 1n,
    2n ** 521n - 1n,
    2n ** 255n - 19n,
    2n ** 256n - 2n ** 32n - 977n,
    2n ** 448n - 2n ** 224n - 1n,
    (2n ** 148n + 1n) / 17n,
    5n * 2n ** 3_313n + 1n,
  ])
    assert.equal(prove(n), 'proven', `${n}`);
});

test('every method is met, and what none reaches is left undecided', () => {
  const kernel = newProofKernel();
  const methodOf = (n: bigint): string => proofStart(kernel, n)?.method ?? 'none';
  assert.equal(methodOf(10n ** 20n + 39n), 'strong-tests');
  assert.equal(methodOf(2n ** 521n - 1n), 'neighbours');
  assert.equal(methodOf(10n ** 100n + 267n), 'jacobi-sums');
  assert.equal(methodOf(10n ** 999n + 7n), 'none');
});

test('random primes of 65 to 260 bits are proven, and random composites without small factors never are', () => {
  const below = seededNaturals(21n);
  for (let bits = 65n; bits <= 260n; bits += bits < 140n ? 1n : 32n)
    for (let i = 0; i < 2; i++) {
      const n = (1n << (bits - 1n)) + below(1n << (bits - 1n));
      assert.equal(prove(nextPrime(n)), 'proven', `${nextPrime(n)}`);
      const half = bits / 2n + 1n;
      const [p, q] = [
        nextPrime((1n << half) + below(1n << half)),
        nextPrime((1n << half) + below(1n << half)),
      ];
      assert.equal(prove(p * q), 'composite', `${p * q}`);
    }
});

test('the verdicts are those of PARI, where it is installed', (t) => {
  const below = seededNaturals(22n);
  const numbers: bigint[] = [];
  for (let i = 0; i < 300; i++) {
    const n = WORD + below(1n << (66n + below(100n)));
    const odd = n + 1n - (n % 2n);
    if ([3n, 5n, 7n, 11n, 13n].every((p) => odd % p !== 0n)) numbers.push(i % 2 === 0 ? odd : nextPrime(odd));
  }
  const input = `print([isprime(n)|n<-[${numbers.join(',')}]])\n`;
  const { status, stdout } = spawnSync('gp', ['-q', '-f'], { input, encoding: 'utf8' });
  if (status !== 0) return t.skip('gp is not installed');
  const expected = JSON.parse(stdout) as number[];
  for (const [i, n] of numbers.entries())
    assert.equal(prove(n), expected[i] === 1 ? 'proven' : 'composite', `${n}`);
  return undefined;
});

const PROOFS = [
  10n ** 20n + 39n,
  nextPrime(10n ** 25n),
  nextPrime(10n ** 40n),
  2n ** 127n - 1n,
  2n ** 521n - 1n,
  nextPrime(10n ** 18n) * nextPrime(2n * 10n ** 18n),
].map((n) => ({ n, expected: isPrime(n) ? 'proven' : 'composite' }));

test('a proof that is parked at any points and gone on with by other instances comes to the same verdict', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...PROOFS),
      fc.array(fc.nat(60), { minLength: 1, maxLength: 20 }),
      fc.constantFrom(20, 400, 5_000),
      ({ n, expected }, moves, productsMax) => {
        let kernel: KernelInstance = newProofKernel();
        let state: ProofState | ProofVerdict | undefined = proofStart(kernel, n);
        let parkings = 0;
        let fraction = 0;
        while (typeof state === 'object') {
          for (let left = moves[parkings % moves.length]!; left >= 0 && typeof state === 'object'; left--)
            state = proofStep(kernel, n, state, productsMax);
          if (typeof state !== 'object') break;
          assert.ok(proofFraction(n, state) >= fraction && proofFraction(n, state) <= 1);
          fraction = proofFraction(n, state);
          state = structuredClone(state);
          kernel = parkings++ % 2 === 0 ? sameMemory(kernel) : copyOf(kernel);
        }
        assert.equal(state, expected);
      },
    ),
    { numRuns: 20 },
  );
});

function copyOf(kernel: KernelInstance): KernelInstance {
  const copy = newProofKernel();
  new Uint8Array(copy.memory.buffer).set(new Uint8Array(kernel.memory.buffer));
  return copy;
}

test('a move takes a few milliseconds at most, also for the longest numbers', () => {
  const kernel = newProofKernel();
  for (const { n, moves, productsMax } of [
    { n: 10n ** 299n + 669n, moves: 200, productsMax: 2_600 },
    { n: 5n * 2n ** 3_313n + 1n, moves: 60, productsMax: 260 },
  ]) {
    let state: ProofState | ProofVerdict | undefined = proofStart(kernel, n);
    const before = process.threadCpuUsage();
    let done = 0;
    for (; done < moves && typeof state === 'object'; done++)
      state = proofStep(kernel, n, state, productsMax);
    const { user } = process.threadCpuUsage(before);
    assert.ok(user / 1000 / done < 10, `A move took ${user / 1000 / done} ms on average`);
  }
});
