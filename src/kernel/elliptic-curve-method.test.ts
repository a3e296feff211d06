import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPrime, seededNaturals } from './bigint-reference.ts';
import { ecmReference, gcd } from './ecm-reference.ts';
import { ECM_ALL, ECM_FACTOR, STEP_UNFINISHED } from './kernel-exports.ts';
import { KernelInstance } from './kernel-instance.ts';
import { loadKernelModule } from './load-kernel.ts';

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
  for (let i = 0; i < 80; i++) {
    const p = nextPrime(2n ** 22n + below(2n ** 22n));
    const q = nextPrime(2n ** (20n + BigInt(i) * 4n) + below(2n ** 20n));
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
  assert.ok(factors > 10 && nothing > 10, `${factors} found, ${nothing} not: the test says little`);
});
