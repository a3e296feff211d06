/** Nanoseconds of a Montgomery product on one lane modulo a number of so many limbs of 32 bits, measured; up to 8 they are unrolled. */
export function productNs(limbs: number): number {
  return limbs <= 8 ? 6 + 0.5 * limbs ** 2 : 30 + 0.7 * limbs ** 2;
}
