/**
 * Strong probable-prime tests (Miller 1976; Rabin 1980) of the job's modulus to the first prime bases, all at one go: for numbers
 * so short that they are a proof.
 */
import { ODD_PRIMES, SCRATCH, SLOT_BYTES } from '../layout';
import { limbs, montMul, N, ONE, residueOfWord } from '../arithmetic/modulus';
import { bit, bitLength, copy, equals, sub, trailingZeros } from '../arithmetic/natural';

const EXPONENT: usize = SCRATCH + 9 * SLOT_BYTES;
const BASE: usize = SCRATCH + 10 * SLOT_BYTES;
const POWER: usize = SCRATCH + 11 * SLOT_BYTES;
const MINUS_ONE: usize = SCRATCH + 12 * SLOT_BYTES;

/** Whether the modulus, odd and greater than all of them, passes the tests to the first `count` primes. About 1 µs for each at 80 bits. */
export function passesStrongTests(count: i32): bool {
  const k = limbs();
  copy(EXPONENT, N, k);
  store<u32>(EXPONENT, load<u32>(N) - 1); // n is odd: no borrow.
  sub(MINUS_ONE, N, ONE, k);
  const twos = trailingZeros(EXPONENT);
  const bits = bitLength(EXPONENT, k);
  for (let i = 0; i < count; i++) {
    residueOfWord(BASE, i == 0 ? 2 : <u32>load<u16>(ODD_PRIMES + ((<usize>(i - 1)) << 1)));
    if (!passesStrongTest(twos, bits)) return false;
  }
  return true;
}

/** To the base at BASE, for n - 1 of `bits` bits, the last `twos` of which are 0. */
function passesStrongTest(twos: i32, bits: i32): bool {
  const k = limbs();
  copy(POWER, BASE, k);
  for (let index = bits - 2; index >= twos; index--) {
    montMul(POWER, POWER, POWER);
    if (bit(EXPONENT, index)) montMul(POWER, POWER, BASE);
  }
  if (equals(POWER, ONE, k) || equals(POWER, MINUS_ONE, k)) return true;
  for (let squares = twos - 1; squares > 0; squares--) {
    montMul(POWER, POWER, POWER);
    if (equals(POWER, MINUS_ONE, k)) return true;
  }
  return false;
}
