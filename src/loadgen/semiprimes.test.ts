import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrime as isPrimeSlowly } from '../kernel/bigint-reference.ts';
import { createKernel, loadKernelModule } from '../kernel/load-kernel.ts';
import { isPrime } from './is-prime.ts';
import { distinctSemiprimes, primePools, type Semiprime, semiprimes } from './semiprimes.ts';

const kernel = createKernel(await loadKernelModule());

async function take(min: number, max: number, count: number, seed = 1): Promise<Semiprime[]> {
  const options = { digits: { min, max }, seed };
  const at = semiprimes(options, await primePools(options, { kernel }));
  return Array.from({ length: count }, (_, i) => at(i));
}

test('numbers have the digits asked for, and are the products of their two primes', async () => {
  for (const digits of [2, 3, 4, 9, 17, 18, 19, 30, 31, 61]) {
    for (const { number, primes } of await take(digits, digits, 20)) {
      assert.equal(number.length, digits, number);
      const [p, q] = primes.map(BigInt) as [bigint, bigint];
      assert.equal(String(p * q), number);
      assert.ok(p <= q && isPrimeSlowly(p) && isPrimeSlowly(q), `${p} · ${q}`);
      assert.ok(primes[1].length - primes[0].length <= 1, `${p} and ${q} are not of about equal size`);
    }
  }
});

test('200 digits are made in time as well', async () => {
  const [first] = await take(200, 200, 1);
  assert.equal(first!.number.length, 200);
});

test('numbers are all different for as long as there are other ones', async () => {
  const numbers = (await take(18, 18, 300_000)).map(({ number }) => number);
  assert.equal(new Set(numbers).size, numbers.length);
  const long = (await take(40, 40, 60_000)).map(({ number }) => number);
  assert.equal(new Set(long).size, long.length);
});

test('they are different for as long as is told, and not for longer', async () => {
  for (const digits of [2, 4, 5, 52, 60]) {
    const options = { digits: { min: digits, max: digits }, seed: 1 };
    const distinct = distinctSemiprimes(options, await primePools(options, { kernel }));
    const numbers = (await take(digits, digits, distinct + 1)).map(({ number }) => number);
    assert.equal(new Set(numbers).size, distinct, `${digits} digits`);
  }
});

test('of a range all lengths come about equally often', async () => {
  const counts = new Map<number, number>();
  for (const { number } of await take(16, 20, 5_000))
    counts.set(number.length, (counts.get(number.length) ?? 0) + 1);
  assert.deepEqual(
    [...counts.keys()].toSorted((a, b) => a - b),
    [16, 17, 18, 19, 20],
  );
  for (const [length, count] of counts)
    assert.ok(count > 840 && count < 1_160, `${count} of ${length} digits`);
});

test('the same seed gives the same numbers, and another one others', async () => {
  assert.deepEqual(await take(18, 24, 50, 3), await take(18, 24, 50, 3));
  assert.notDeepEqual(await take(18, 18, 5, 3), await take(18, 18, 5, 4));
});

test('making primes ends between two lengths when it is aborted, and tells how far it is', async () => {
  const aborting = new AbortController();
  const told: unknown[] = [];
  const onPool = (made: number, of: number): void => {
    told.push([made, of]);
    if (made === 2) aborting.abort(new Error('enough'));
  };
  const made = primePools(
    { digits: { min: 10, max: 18 }, seed: 1 },
    { kernel, onPool, signal: aborting.signal },
  );
  await assert.rejects(made, /enough/);
  assert.deepEqual(told, [
    [0, 5],
    [1, 5],
    [2, 5],
  ]);
});

test('a prime is told from a composite at every size', () => {
  const primes = [2n, 1_000_003n, 2n ** 61n - 1n, 2n ** 89n - 1n, 2n ** 127n - 1n, 2n ** 521n - 1n];
  for (const prime of primes) assert.equal(isPrime(kernel, prime), true, String(prime));
  const composites = [
    0n,
    1n,
    4n,
    561n,
    ...primes.map((p) => p * p),
    ...primes.map((p, i) => p * primes.at(i - 1)!),
  ];
  for (const composite of composites) assert.equal(isPrime(kernel, composite), false, String(composite));
});
