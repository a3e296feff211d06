/** Many numbers against what is known of them: all up to a million, and products of primes drawn at random, up to 230 bits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { primeFactors } from '../domain/factorization.ts';
import { nextPrime, seededNaturals } from './bigint-reference.ts';
import { createKernel, loadKernelModule } from './load-kernel.ts';

const kernel = createKernel(await loadKernelModule());
const SEED = BigInt(process.env['FAIRSIEVE_TEST_SEED'] ?? 20_261_122);

/** CPU time after which a test that draws numbers has drawn enough, if there are as many as there must be. */
const CPU_MS_MAX = 20_000;

const below = seededNaturals(SEED);
const PRIMES_PER_SIZE = 40;
/** Primes of 2 to 78 bits, at the index of their size. */
const PRIMES = Array.from({ length: 79 }, (_, bits) =>
  bits < 2
    ? []
    : Array.from({ length: PRIMES_PER_SIZE }, () =>
        nextPrime((1n << BigInt(bits - 1)) + below(1n << BigInt(bits - 2))),
      ),
);

/** Longer ones, of 80 to 200 bits, ascending: beside small primes a number of any size is soon taken apart. */
const LONG_PRIMES = Array.from({ length: 31 }, (_, i) => {
  const bits = BigInt(80 + 4 * i);
  return nextPrime((1n << (bits - 1n)) + below(1n << (bits - 2n)));
});

function draw(end: number): number {
  return Number(below(BigInt(end)));
}

function randomPrime(bitsMax: number): bigint {
  const primes = PRIMES[2 + draw(bitsMax - 1)]!;
  return primes[draw(primes.length)]!;
}

/** How a number is made of primes: each gives the primes of one of at most `bits` bits, about that many where it can. */
const KINDS: Readonly<Record<string, (bits: number) => bigint[]>> = {
  'of primes of any size': (bits) => {
    const primes: bigint[] = [];
    for (let left = bits; left >= 2;) {
      const prime = randomPrime(Math.min(62, left));
      primes.push(prime);
      left -= prime.toString(2).length;
    }
    return primes;
  },
  'semiprimes of like primes': (bits) => {
    const primes = PRIMES[Math.min(78, bits >> 1)]!;
    return [primes[draw(primes.length)]!, primes[draw(primes.length)]!];
  },
  'semiprimes of the closest primes': (bits) => {
    const primes = PRIMES[Math.min(78, bits >> 1)]!;
    const prime = primes[draw(primes.length)]!;
    const next = nextPrime(prime + 2n);
    return (prime * next) >> BigInt(bits) === 0n ? [prime, next] : [prime];
  },
  'powers of primes': (bits) => {
    const exponent = 2 + draw(4);
    const primes = PRIMES[Math.min(62, Math.max(2, Math.floor(bits / exponent)))]!;
    return Array.from({ length: exponent }, () => primes[0]!);
  },
  'squares of semiprimes': (bits) => {
    const [p, q] = [randomPrime(Math.max(2, bits >> 2)), randomPrime(Math.max(2, bits >> 2))];
    return [p, p, q, q];
  },
  'a prime beyond two words and others': (bits) => {
    const fitting = LONG_PRIMES.filter((prime) => prime.toString(2).length <= bits);
    const prime = fitting[draw(Math.max(1, fitting.length))] ?? randomPrime(Math.min(62, bits));
    const rest = Math.min(40, bits - prime.toString(2).length);
    return rest < 2 ? [prime] : [prime, randomPrime(rest)];
  },
  'small primes and a large one': (bits) => {
    const small = Array.from({ length: 2 + draw(3) }, () => randomPrime(7));
    const used = small.reduce((sum, prime) => sum + prime.toString(2).length, 0);
    return [...small, randomPrime(Math.max(2, Math.min(62, bits - used)))];
  },
};

function factored(n: bigint): bigint[] {
  if (kernel.isSmall(n)) return primeFactors(kernel.factorSmall(n));
  const pages = kernel.memoryPages(n);
  const job = kernel.start(n, new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }), []);
  job.step(() => false);
  return primeFactors(job.factorization());
}

function assertFactored(primes: readonly bigint[], kind: string): void {
  const expected = primes.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const n = expected.reduce((a, b) => a * b);
  const found = factored(n);
  const isRight = found.length === expected.length && found.every((prime, i) => prime === expected[i]);
  assert.ok(isRight, `${n}, ${kind}, seed ${SEED}: ${found.join(' ')} instead of ${expected.join(' ')}`);
}

/** Draws numbers of `bitsMin` to `bitsMax` bits of all kinds in turn: `least`, and up to `count` as long as there is time; how many there were. */
function drawAll(least: number, count: number, bitsMin: number, bitsMax: number): number {
  const kinds = Object.entries(KINDS);
  const before = process.threadCpuUsage();
  for (let i = 0; i < count; i++) {
    const [kind, primesOf] = kinds[i % kinds.length]!;
    assertFactored(primesOf(bitsMin + draw(bitsMax - bitsMin + 1)), kind);
    const drawn = i + 1;
    if (drawn >= least && process.threadCpuUsage(before).user / 1000 > CPU_MS_MAX) return drawn;
  }
  return count;
}

test('every n up to 1,000,000 has the factors of its least prime factors', () => {
  const end = 1_000_001;
  const least = new Uint32Array(end);
  for (let p = 2; p < end; p++) {
    if (least[p] !== 0) continue;
    for (let multiple = p; multiple < end; multiple += p) if (least[multiple] === 0) least[multiple] = p;
  }
  for (let n = 1; n < end; n++) {
    let rest = n;
    for (const { prime, exponent } of kernel.factorSmall(BigInt(n)).factors) {
      const p = Number(prime);
      for (let i = 0; i < exponent; i++) {
        if (least[rest] !== p) assert.fail(`${n}: ${p} instead of ${least[rest]}`);
        rest /= p;
      }
    }
    if (rest !== 1) assert.fail(`${n}: ${rest} is left`);
  }
});

test('100,000 products of up to 64 bits are taken apart into the primes they were made of', (t) => {
  t.diagnostic(`seed ${SEED}, ${drawAll(30_000, 100_000, 4, 64)} numbers`);
});

test('10,000 products of 65 to 128 bits are taken apart into the primes they were made of', (t) => {
  t.diagnostic(`seed ${SEED}, ${drawAll(2_000, 10_000, 65, 128)} numbers`);
});

test('300 products of 129 to 230 bits are taken apart into the primes they were made of', (t) => {
  t.diagnostic(`seed ${SEED}, ${drawAll(60, 300, 129, 230)} numbers`);
});
