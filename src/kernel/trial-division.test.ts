import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrime, seededNaturals } from './bigint-reference.ts';
import { KernelInstance } from './kernel-instance.ts';
import { loadKernelModule } from './load-kernel.ts';
import { newProofKernel } from './proof-runs.ts';
import { divideByPrimes } from './trial-division.ts';

const module = await loadKernelModule();
const kernel = newProofKernel();
const below = seededNaturals(31n);
const ODD_PRIMES = Array.from({ length: 32_767 }, (_, i) => 2 * i + 3).filter((n) => isPrime(BigInt(n)));
/** Primes beyond those that are tried. */
const LARGE = [2n ** 61n - 1n, 2n ** 89n - 1n, 65_537n, 2n ** 107n - 1n, 2n ** 521n - 1n];

test('the first divisor in any range of primes is found, in numbers of any length, and none where there is none', () => {
  assert.equal(kernel.oddPrimeCount, ODD_PRIMES.length);
  for (let i = 0; i < 2_000; i++) {
    const cofactor = LARGE.slice(0, 1 + (i % LARGE.length)).reduce((a, b) => a * b);
    const at = i < 40 ? (i < 20 ? i : ODD_PRIMES.length - 1 - (i - 20)) : Number(below(6_541n));
    const limbs = kernel.writeNumber(BigInt(ODD_PRIMES[at]!) * cofactor);
    const first = Number(below(BigInt(at + 1)));
    const end = at + 1 + Number(below(20n));
    assert.equal(kernel.exports.findOddDivisor(limbs, first, end), at, `prime ${ODD_PRIMES[at]}`);
    assert.equal(kernel.exports.findOddDivisor(limbs, first, at), -1);
    assert.equal(kernel.exports.findOddDivisor(limbs, at + 1, 7_000), -1);
  }
});

test('behind the primes stands nothing that a memory held before', () => {
  const memory = new WebAssembly.Memory({ initial: 32, maximum: 32, shared: true });
  const { exports } = new KernelInstance(module, memory);
  const table = new Uint16Array(memory.buffer, exports.ODD_PRIMES.value, ODD_PRIMES.length + 7);
  table.fill(0xffff);
  exports.init();
  assert.deepEqual(Array.from(table), [...ODD_PRIMES, 0, 0, 0, 0, 0, 0, 0]);
});

test('small primes are taken out with their multiplicity, as far as asked, and the rest is left untested', () => {
  const rest = 65_521n * LARGE[0]!;
  const n = 2n ** 7n * 3n ** 5n * 8_191n ** 2n * rest;
  const valuesOf = (depth: 'shallow' | 'deep'): string[] =>
    divideByPrimes(kernel, n, depth).parts.map(({ value, exponent, kind }) => `${value}^${exponent} ${kind}`);
  const common = ['2^7 proven', '3^5 proven', '8191^2 proven'];
  assert.deepEqual(valuesOf('shallow'), [...common, `${rest}^1 untested`]);
  assert.deepEqual(valuesOf('deep'), [...common, '65521^1 proven', `${LARGE[0]}^1 untested`]);
});
