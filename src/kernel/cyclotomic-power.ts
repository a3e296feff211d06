/** Powers in Z[ζ]/(n), which all primality proofs are made of: what they are, and how the compiled kernel computes them. */
import { bitLength } from './bit-length.ts';
import { STEP_UNFINISHED } from './kernel-exports.ts';
import type { KernelInstance } from './kernel-instance.ts';

/**
 * (scale · Π σ_y(base)^inner[y])^exponent · Π σ_y(base)^outer[y] · extra in Z[ζ]/(n), where ζ has the order `order`, a power of
 * `prime` and at most 128, and σ_y takes ζ to ζ^y. An element is its coefficients at 1, ζ, … ζ^(φ - 1): safe integers here.
 */
export interface CyclotomicPower {
  readonly prime: number;
  readonly order: number;
  readonly base: readonly number[];
  /** For y from 0 to order - 1, below 256, and 0 where y is not prime to the order. */
  readonly inner: readonly number[];
  readonly outer: readonly number[];
  readonly extra: readonly number[];
  readonly scale: number;
  /** At least 1, not longer than the kernel's longest modulus. */
  readonly exponent: bigint;
}

/** base^exponent in Z/(n), whose ζ is -1. */
export function integerPower(base: number, exponent: bigint): CyclotomicPower {
  return elementPower(2, 2, [base], exponent);
}

/** base^exponent. */
export function elementPower(
  prime: number,
  order: number,
  base: readonly number[],
  exponent: bigint,
): CyclotomicPower {
  const none = Array.from({ length: order }, () => 0);
  return {
    prime,
    order,
    base,
    inner: none.with(1, 1),
    outer: none,
    extra: base.map((_, i) => (i === 0 ? 1 : 0)),
    scale: 1,
    exponent,
  };
}

/** Begins it modulo n, odd and at least 3. */
export function startPower(kernel: KernelInstance, n: bigint, power: CyclotomicPower): void {
  kernel.setModulus(n);
  const { prime, order, base, extra, inner, outer, scale, exponent } = power;
  const exponentWord = kernel.writeIntegers([...base, ...extra, ...inner, ...outer, scale], 0);
  kernel.writeNumber(exponent, exponentWord);
  kernel.exports.cyclotomicPowerStart(prime, order, bitLength(exponent));
}

/** Does about `productsMax` Montgomery products more of the power of the degree; its coefficients in [0, n), once it is there. */
export function stepPower(
  kernel: KernelInstance,
  n: bigint,
  degree: number,
  productsMax: number,
): bigint[] | undefined {
  if (kernel.exports.cyclotomicPowerStep(productsMax) === STEP_UNFINISHED) return undefined;
  const limbs = Math.ceil(bitLength(n) / 32);
  const words = Math.ceil(limbs / 2);
  return Array.from({ length: degree }, (_, i) => kernel.readNumber(limbs, i * words));
}
