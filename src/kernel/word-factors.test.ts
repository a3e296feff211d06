import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isPrime, nextPrime, primeFactorsByDivision, seededNaturals } from './bigint-reference.ts';
import { createKernel, loadKernelModule } from './load-kernel.ts';
import { checkWordFactors, factorsOfWords, type WordFactors } from './word-factors.ts';

const kernel = createKernel(await loadKernelModule());
const { wordsMax } = kernel;
const WORD_MAX = 2n ** 64n - 1n;

/** The prime factors of each word, in runs as long as they may be. */
function factorsOf(words: readonly bigint[]): bigint[][] {
  const all: bigint[][] = [];
  for (let begin = 0; begin < words.length; begin += wordsMax) {
    const run = words.slice(begin, begin + wordsMax);
    const found = kernel.factorWords(run);
    checkWordFactors(run, found);
    for (const factors of factorsOfWords(found))
      all.push(factors.flatMap(({ prime, exponent }) => Array.from({ length: exponent }, () => prime)));
  }
  return all;
}

test('every n up to 1,000,000, in long batches, has the factors that a sieve finds', () => {
  const end = 1_000_001;
  const least = new Uint32Array(end);
  for (let p = 2; p < end; p++)
    if (least[p] === 0)
      for (let multiple = p; multiple < end; multiple += p) if (least[multiple] === 0) least[multiple] = p;
  for (let begin = 1; begin < end; begin += wordsMax) {
    const words = Array.from({ length: Math.min(wordsMax, end - begin) }, (_, i) => BigInt(begin + i));
    const { counts, primes } = kernel.factorWords(words);
    let at = 0;
    for (const [i, count] of counts.entries()) {
      let rest = begin + i;
      for (const primesEnd = at + count; at < primesEnd; at++) {
        if (least[rest] !== Number(primes[at]))
          assert.fail(`${begin + i}: ${primes[at]}, not ${least[rest]}`);
        rest /= least[rest]!;
      }
      if (rest !== 1) assert.fail(`${begin + i}: ${rest} is left`);
    }
  }
});

test('100,000 random words of all sizes are factored into primes that multiply to them', () => {
  const below = seededNaturals(71n);
  const words = Array.from({ length: 100_000 }, (_, i) => 1n + below(2n ** (1n + (BigInt(i) % 64n)) - 1n));
  const checked = new Set<bigint>();
  for (const [i, primes] of factorsOf(words).entries())
    for (const prime of primes) {
      // One prime in ten is enough for the twin, which is slow.
      if (prime < 2n ** 20n ? checked.has(prime) : i % 10 !== 0) continue;
      checked.add(prime);
      assert.ok(isPrime(prime), `${prime}, given as a factor of ${words[i]}, is composite`);
    }
});

test('powers of primes, squares of large primes and primes near 2^64 are told for what they are', () => {
  const below = seededNaturals(72n);
  for (let bits = 2n; bits <= 32n; bits++) {
    const prime = nextPrime(2n ** (bits - 1n) + below(2n ** (bits - 2n)));
    for (let exponent = 2; prime ** BigInt(exponent) <= WORD_MAX; exponent++)
      assert.deepEqual(factorsOf([prime ** BigInt(exponent)]), [
        Array.from({ length: exponent }, () => prime),
      ]);
  }
  const nearEnd: bigint[] = [];
  for (let n = WORD_MAX; nearEnd.length < 20; n -= 2n) if (isPrime(n)) nearEnd.push(n);
  assert.deepEqual(
    factorsOf(nearEnd),
    nearEnd.map((prime) => [prime]),
  );
  assert.deepEqual(factorsOf([2n ** 63n]), [Array.from({ length: 63 }, () => 2n)]);
});

test('products of two primes are parted on both sides of every size at which the way changes', () => {
  const below = seededNaturals(73n);
  for (const bits of [26n, 36n, 37n, 40n, 44n, 48n, 52n, 56n, 60n, 61n, 62n, 63n, 64n])
    for (let i = 0; i < 40; i++) {
      const half = 2n + below(bits - 3n);
      const p = nextPrime(2n ** (half - 1n) + below(2n ** (half - 1n)));
      const q = nextPrime(2n ** (bits - half - 1n) + below(2n ** (bits - half - 1n)));
      if (p * q > WORD_MAX) continue;
      assert.deepEqual(factorsOf([p * q]), [p < q ? [p, q] : [q, p]]);
    }
});

test('no words have no factors, and as many as go together are done together', () => {
  assert.deepEqual(kernel.factorWords([]), {
    counts: new Uint8Array(0),
    primes: new BigUint64Array(0),
    work: new Uint32Array(0),
  });
  // The most prime factors that words can have.
  const longest = Array.from({ length: wordsMax }, () => 2n ** 63n);
  assert.equal(factorsOf(longest).flat().length, 63 * wordsMax);
  assert.deepEqual(factorsOf([1n, 12n, 1n, 97n, 1n]), [[], [2n, 2n, 3n], [], [97n], []]);
});

test('what is no word, or too many of them, is refused with its value and the bound', () => {
  const refusal = {
    name: 'RangeError',
    message: `Cannot factor 0 as a word: it must be from 1 to ${WORD_MAX}`,
  };
  assert.throws(() => kernel.factorWords([5n, 0n]), refusal);
  assert.throws(() => kernel.factorWords([-5n]), /Cannot factor -5 as a word/);
  assert.throws(() => kernel.factorWords([2n ** 64n]), /Cannot factor 18446744073709551616 as a word/);
  assert.throws(() => kernel.factorWords(Array.from({ length: wordsMax + 1 }, () => 6n)), {
    name: 'RangeError',
    message: `Cannot factor ${wordsMax + 1} words at a time: at most ${wordsMax} go together`,
  });
  assert.deepEqual(factorsOf([6n]), [[2n, 3n]], 'the kernel is as good as before');
});

test('a batch says of every word what it says of it alone, in any order, and what each costs', () => {
  const word = fc.oneof(
    fc.bigInt({ min: 1n, max: WORD_MAX }),
    fc.bigInt({ min: 1n, max: 2n ** 20n }),
    fc.bigInt({ min: 2n ** 30n, max: 2n ** 32n - 5n }).map((n) => n * n),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: wordsMax }), (words) => {
      const { counts, primes, work } = kernel.factorWords(words);
      const alone = words.map((each) => kernel.factorWords([each]));
      assert.deepEqual(
        [...counts],
        alone.map((each) => each.counts[0]),
      );
      assert.deepEqual(
        [...primes],
        alone.flatMap((each) => [...each.primes]),
      );
      assert.deepEqual(
        [...work],
        alone.map((each) => each.work[0]),
      );
      assert.ok(work.every((share) => share > 0));
    }),
    { seed: 20_261_122, numRuns: 300 },
  );
});

test('the work that is counted for words follows the time that they take', () => {
  const below = seededNaturals(74n);
  const kinds = {
    primes: Array.from({ length: wordsMax }, () => nextPrime(2n ** 59n + below(2n ** 59n))),
    short: Array.from({ length: wordsMax }, () => largeSemiprime(16n, below)),
    long: Array.from({ length: wordsMax }, () => largeSemiprime(29n, below)),
  };
  const ratios = Object.values(kinds).map((words) => {
    kernel.factorWords(words);
    const before = process.threadCpuUsage();
    let work = 0;
    let usage = process.threadCpuUsage(before);
    while (usage.user + usage.system < 50_000) {
      work += kernel.factorWords(words).work.reduce((sum, share) => sum + share, 0);
      usage = process.threadCpuUsage(before);
    }
    return work / (usage.user + usage.system);
  });
  const spread = Math.max(...ratios) / Math.min(...ratios);
  assert.ok(spread < 4, `work for a microsecond: ${ratios.map((ratio) => ratio.toFixed(0)).join(', ')}`);
});

test('semiprimes take no more curves than the method needs', () => {
  const below = seededNaturals(75n);
  const mean = (half: bigint): number => {
    const words = Array.from({ length: wordsMax }, () => largeSemiprime(half, below));
    return kernel.factorWords(words).work.reduce((sum, share) => sum + share, 0) / wordsMax;
  };
  // Montgomery products, counted: about 6,800, 19,500 and 28,000. A method that finds nothing falls back on rho, at ten times as many.
  for (const [half, most] of [
    [24n, 10_000],
    [29n, 28_000],
    [31n, 46_000],
  ] as const)
    assert.ok(mean(half) < most, `factors of ${half} bits took ${mean(half)} products`);
});

function largeSemiprime(half: bigint, below: (end: bigint) => bigint): bigint {
  const prime = (): bigint => nextPrime(2n ** half + below(2n ** half - 300n));
  return prime() * prime();
}

test('factors that do not ascend, or do not multiply to the word, are refused', () => {
  const found = (primes: readonly bigint[]): WordFactors => ({
    counts: Uint8Array.of(primes.length),
    primes: BigUint64Array.from(primes),
    work: Uint32Array.of(1),
  });
  checkWordFactors([12n], found([2n, 2n, 3n]));
  assert.throws(() => checkWordFactors([12n], found([2n, 3n])), /multiply to 12: they multiply to 6/);
  assert.throws(() => checkWordFactors([12n], found([3n, 2n, 2n])), /ascend from 2: 2 comes after 3/);
  assert.throws(() => checkWordFactors([12n], found([1n, 12n])), /ascend from 2: 1 comes after 2/);
  assert.throws(() => checkWordFactors([12n, 5n], found([2n, 2n, 3n])), /Factors of 2 words/);
  // Equal modulo 2^64.
  assert.throws(
    () => checkWordFactors([0n], found([2n ** 32n, 2n ** 32n])),
    /they multiply to 18446744073709551616/,
  );
});

test('the twin agrees on small words', () => {
  for (const n of [1, 2, 720, 8_191, 8_192, 67_092_481, 67_092_479])
    assert.deepEqual(factorsOf([BigInt(n)])[0]!.map(Number), primeFactorsByDivision(n));
});
