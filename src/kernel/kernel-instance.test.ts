import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrime, nextPrime, powMod, seededNaturals } from './bigint-reference.ts';
import { ECM_FACTOR, PSW_PROBABLE_PRIME, STEP_UNFINISHED } from './kernel-exports.ts';
import { KernelInstance } from './kernel-instance.ts';
import { loadKernelModule } from './load-kernel.ts';

const memory = new WebAssembly.Memory({ initial: 32, maximum: 32, shared: true });
const kernel = new KernelInstance(await loadKernelModule(), memory);
kernel.exports.init();

function isProbablePrime(n: bigint): boolean {
  kernel.setModulus(n);
  kernel.exports.bailliePswStart();
  let outcome = STEP_UNFINISHED;
  while (outcome === STEP_UNFINISHED) outcome = kernel.exports.bailliePswStep(7);
  return outcome === PSW_PROBABLE_PRIME;
}

test('primes and composites of every size from 33 to 450 bits are told apart', () => {
  const below = seededNaturals(21n);
  for (let bits = 33n; bits <= 450n; bits += 3n) {
    const half = bits / 2n;
    const prime = nextPrime((1n << (bits - 1n)) + below(1n << (bits - 2n)));
    const composite =
      nextPrime((1n << half) + below(1n << half)) * nextPrime((3n << half) + below(1n << half));
    assert.ok(isProbablePrime(prime), `${prime} is prime`);
    assert.ok(!isProbablePrime(composite), `${composite} is composite`);
  }
});

test('numbers close below and above a power of 2^32 are no harder', () => {
  for (let limbs = 2n; limbs <= 12n; limbs++)
    for (let offset = -199n; offset < 200n; offset += 2n) {
      const n = (1n << (32n * limbs)) + offset;
      // One base decides these few hundred numbers; pseudoprimes are far rarer.
      assert.equal(isProbablePrime(n), powMod(3n, n - 1n, n) === 1n, `${n}`);
    }
});

test('strong pseudoprimes to many bases are seen through', () => {
  // The least to the first twelve and to the first thirteen prime bases (Sorenson & Webster 2015).
  for (const n of [318665857834031151167461n, 3317044064679887385961981n]) assert.ok(!isProbablePrime(n));
});

test('composite Mersenne numbers, which are strong pseudoprimes to base 2, fail the Lucas test', () => {
  for (const exponent of [67n, 101n, 257n, 1009n]) {
    const n = 2n ** exponent - 1n;
    assert.equal(powMod(2n, (n - 1n) / 2n, n), 1n);
    assert.ok(!isProbablePrime(n), `2^${exponent} - 1`);
  }
});

test('a modulus that is too long is refused before it is written', () => {
  kernel.setModulus(2n ** 3_584n - 1n);
  for (const bits of [3_585n, 600_000n])
    assert.throws(() => kernel.setModulus(2n ** bits - 1n), {
      message: `Cannot calculate modulo a number of ${bits} bits: at most 3584 are allowed`,
    });
});

test('numbers go in and come out unchanged, whatever their number of limbs', () => {
  const p = nextPrime(10n ** 9n);
  for (const digits of [15n, 20n, 30n, 60n, 100n, 300n]) {
    const n = p * nextPrime(10n ** digits);
    const limbs = kernel.setModulus(n);
    for (let sigma = 6; ; sigma++) {
      kernel.exports.ecmStart(sigma, 200, 20_000, 210);
      let outcome = STEP_UNFINISHED;
      while (outcome === STEP_UNFINISHED) outcome = kernel.exports.ecmStep(100);
      if (outcome !== ECM_FACTOR) continue;
      assert.equal(kernel.readNumber(limbs), p);
      break;
    }
  }
  assert.ok(isPrime(p));
});
