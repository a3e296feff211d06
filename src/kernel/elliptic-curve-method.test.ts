import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPrime, seededNaturals } from './bigint-reference.ts';
import { ecmReference } from './ecm-reference.ts';
import { ECM_ALL, ECM_FACTOR, STEP_UNFINISHED } from './kernel-exports.ts';
import { KernelInstance } from './kernel-instance.ts';
import { loadKernelModule } from './load-kernel.ts';
import { gcd } from './modular-integers.ts';

const module = await loadKernelModule();
const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
const kernel = new KernelInstance(module, memory);
kernel.exports.init();

const LANES = 4;
const BOUNDS = { b1: 40, b2: 700, width: 30 };

/** What the four curves from `sigma` on find: 1, a factor, or n. */
function found(
  n: bigint,
  sigma: number,
  { b1, b2, width }: typeof BOUNDS,
  budget: () => number = () => 1e6,
  instance = (): KernelInstance => kernel,
): bigint {
  const limbs = kernel.setModulus(n);
  kernel.exports.ecmStart(sigma, b1, b2, width);
  let outcome = STEP_UNFINISHED;
  while (outcome === STEP_UNFINISHED) outcome = instance().exports.ecmStep(budget());
  if (outcome === ECM_FACTOR) return kernel.readNumber(limbs);
  return outcome === ECM_ALL ? n : 1n;
}

test('four curves find what the same curves find one by one on bigint, no more and no less', () => {
  const below = seededNaturals(41n);
  let factors = 0;
  let nothing = 0;
  for (let i = 0; i < 50; i++) {
    const p = nextPrime(2n ** 22n + below(2n ** 22n));
    const q = nextPrime(2n ** (20n + BigInt(i) * 6n) + below(2n ** 20n));
    const n = p * q;
    if (n < 2n ** 33n) continue;
    const sigma = 6 + Number(below(1_000n));
    const shared = Array.from({ length: LANES }, (_, lane) => {
      const result = ecmReference(n, { sigma: BigInt(sigma + lane), ...BOUNDS });
      return result?.stage2 ?? 0n;
    });
    if (shared.includes(0n)) continue; // A denominator has a factor: nothing to compare.
    const expected = gcd(
      shared.reduce((a, b) => a * b),
      n,
    );
    const result = found(n, sigma, BOUNDS);
    if (expected === 1n || expected === p || expected === q) assert.equal(result, expected, `${n}, ${sigma}`);
    else assert.ok(result === n || result === p || result === q, `${n}, ${sigma}`);
    if (result === p) factors++;
    if (result === 1n) nothing++;
  }
  assert.ok(factors > 5 && nothing > 5, `${factors} found, ${nothing} not: the test says little`);
});

test('curves that are interrupted at any points and gone on with by other instances find the same', () => {
  const below = seededNaturals(42n);
  for (const bits of [40n, 90n, 200n, 300n, 900n]) {
    const n = nextPrime(2n ** 22n + below(2n ** 22n)) * nextPrime(2n ** bits + below(2n ** bits));
    for (const bounds of [BOUNDS, { b1: 130, b2: 70_000, width: 210 }]) {
      const sigma = 6 + Number(below(1_000n));
      const expected = found(n, sigma, bounds);
      const goneOn = found(
        n,
        sigma,
        bounds,
        () => 1 + Number(below(600n)),
        () => (below(3n) === 0n ? new KernelInstance(module, memory) : kernel),
      );
      assert.equal(goneOn, expected, `${n}, sigma ${sigma}`);
    }
  }
});

test('numbers of every number of limbs up to 1,000 digits give up a small factor', () => {
  const p = nextPrime(10n ** 6n);
  const bounds = { b1: 200, b2: 10_000, width: 210 };
  for (let bits = 14n; bits < 3_300n; bits += bits < 300n ? 7n : 211n) {
    // 2^bits - 1 and its neighbours fill limbs to the brim; no primality is needed here.
    for (const cofactor of [2n ** bits - 1n, 2n ** bits + 1n]) {
      const n = p * cofactor;
      const result = found(n, 6, bounds);
      assert.ok(result > 1n && n % result === 0n, `${n}`);
    }
  }
});

test('a stage 2 of several blocks meets the primes of the last one, and no earlier', () => {
  const n = nextPrime(2n ** 24n) * nextPrime(2n ** 50n);
  // Curves whose orders have a prime beyond the 128 giant steps of the first block.
  const sigma = 366;
  for (const b2 of [3_800, 4_600]) {
    const bounds = { b1: 20, b2, width: 30 };
    const shared = Array.from(
      { length: LANES },
      (_, lane) => ecmReference(n, { sigma: BigInt(sigma + lane), ...bounds })!.stage2,
    );
    assert.equal(
      shared.some((factor) => factor > 1n),
      b2 === 4_600,
    );
    assert.equal(
      found(n, sigma, bounds),
      shared.reduce((a, b) => (a > b ? a : b)),
    );
  }
});

test('a factor of a denominator of the curves is found before they begin', () => {
  // sigma² - 5 of the third curve.
  const p = 10_007n ** 2n - 5n;
  const divisor = [...primeDivisors(p)].at(-1)!;
  assert.equal(found(divisor * nextPrime(2n ** 80n), 10_005, BOUNDS), divisor);
});

function* primeDivisors(n: bigint): Generator<bigint> {
  for (let d = 2n, rest = n; rest > 1n; d++) {
    if (d * d > rest) d = rest;
    if (rest % d !== 0n) continue;
    yield d;
    while (rest % d === 0n) rest /= d;
  }
}
