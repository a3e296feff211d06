/** The length of integers in binary. */

/** Bits of n >= 0 without leading zeros; 0 of 0. */
export function bitLength(n: bigint): number {
  const hex = n.toString(16);
  return 4 * hex.length - Math.clz32(Number.parseInt(hex[0]!, 16)) + 28;
}
