/**
 * Square roots of kn modulo four odd primes at a time (Tonelli 1891; Shanks 1973): the power that it begins with is found in lanes, the rest,
 * for primes that are 1 modulo 4, one prime after the other.
 */
import { KN, LIMBS_KN, SCRATCH } from '../../src/kernel/siqs-header';
import { field } from './header';
import { jacobi, montgomery4, multiplyModulo, power4, powerModulo } from './modular';

/** Stands for the root where kn is no square. */
export const NO_ROOT: u32 = 0xffffffff;
/** The four primes go here, and their roots come out there; u32. */
export const FOUR_PRIMES: u32 = SCRATCH;
export const FOUR_ROOTS: u32 = SCRATCH + 16;
/** For each prime p, u32: 2^64 mod p, half of the odd part of p - 1, and kn to that odd part. */
const RADIX_SQUARES: u32 = SCRATCH + 32;
const EXPONENTS: u32 = SCRATCH + 48;
const POWERS: u32 = SCRATCH + 64;

/** Writes a square root of kn modulo each of the primes at FOUR_PRIMES, odd and below 2^31, to FOUR_ROOTS. */
export function findFourRoots(): void {
  for (let at: u32 = 0; at < 16; at += 4) {
    const p = load<u32>(FOUR_PRIMES + at);
    const radix = <u32>(0 - p) % p;
    store<u32>(RADIX_SQUARES + at, multiplyModulo(radix, radix, p));
    store<u32>(EXPONENTS + at, oddPart(p - 1) >> 1);
  }
  const p = v128.load(FOUR_PRIMES);
  const inverse = inverses(p);
  const square = v128.load(RADIX_SQUARES);
  const unit = i32x4.splat(1);
  // kn in Montgomery form, by its limbs and the powers of 2^32.
  let a = i32x4.splat(0);
  let radix = square;
  for (let i: u32 = 0; i < field(LIMBS_KN); i++) {
    const sum = i32x4.add(a, montgomery4(v128.load32_splat(KN + (i << 2)), radix, p, inverse));
    a = i32x4.min_u(sum, i32x4.sub(sum, p));
    radix = montgomery4(radix, square, p, inverse);
  }
  const power = power4(a, v128.load(EXPONENTS), p, inverse, montgomery4(square, unit, p, inverse));
  const root = montgomery4(a, power, p, inverse);
  v128.store(FOUR_ROOTS, montgomery4(root, unit, p, inverse));
  v128.store(POWERS, montgomery4(montgomery4(root, power, p, inverse), unit, p, inverse));
  for (let at: u32 = 0; at < 16; at += 4)
    store<u32>(
      FOUR_ROOTS + at,
      finishRoot(load<u32>(FOUR_ROOTS + at), load<u32>(POWERS + at), load<u32>(FOUR_PRIMES + at)),
    );
}

function oddPart(n: u32): u32 {
  return n >> ctz(n);
}

/** p^-1 mod 2^32 in each lane (Newton; the seed is right to 5 bits). */
function inverses(p: v128): v128 {
  const two = i32x4.splat(2);
  let inverse = v128.xor(i32x4.mul(i32x4.splat(3), p), two);
  for (let i = 0; i < 3; i++) inverse = i32x4.mul(inverse, i32x4.sub(two, i32x4.mul(p, inverse)));
  return inverse;
}

/** A square root of a modulo p, from a^((q + 1) / 2) and a^q, q being the odd part of p - 1; NO_ROOT if a is no square. */
function finishRoot(root: u32, power: u32, p: u32): u32 {
  if (power <= 1) return root; // 0: p divides a.
  let order = ctz(p - 1);
  if (!isSquarePower(power, order, p)) return NO_ROOT;
  let generator = powerModulo(nonResidue(p), oddPart(p - 1), p);
  while (power != 1) {
    let exponent: u32 = 0;
    for (let square = power; square != 1; exponent++) square = multiplyModulo(square, square, p);
    for (let i = exponent + 1; i < order; i++) generator = multiplyModulo(generator, generator, p);
    root = multiplyModulo(root, generator, p);
    generator = multiplyModulo(generator, generator, p);
    power = multiplyModulo(power, generator, p);
    order = exponent;
  }
  return root;
}

/** Euler's criterion for a, from a^q: whether it is 1 to the power 2^(order - 1). */
function isSquarePower(power: u32, order: u32, p: u32): bool {
  for (let i: u32 = 1; i < order; i++) power = multiplyModulo(power, power, p);
  return power == 1;
}

/** The least that is no square modulo p, for p that is 1 modulo 4. */
function nonResidue(p: u32): u32 {
  let least: u32 = 2;
  if ((p & 7) == 5) return least;
  do least++;
  while (jacobi(least, p) != -1);
  return least;
}
