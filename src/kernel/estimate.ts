/** How long a number takes, from its size alone. */
import { bitLength } from './bit-length.ts';

/** Bits, and median CPU milliseconds of a balanced semiprime of that size: the hard case. Between entries the logarithm is linear. */
const MEASURED: readonly (readonly [bits: number, ms: number])[] = [
  [1, 0.003],
  [32, 0.004],
  [48, 0.03],
  [64, 0.2],
  [80, 0.8],
  [100, 1.8],
  [120, 4],
  [133, 11],
  [150, 32],
  [166, 85],
  [183, 270],
  [199, 850],
  [216, 2_400],
  [232, 6_500],
  [249, 24_000],
  [266, 68_000],
  [335, 9_000_000],
];

/** Expected CPU milliseconds for the hard numbers of n's size; beyond the last entry, that entry: no budget reaches so far. */
export function estimateCpuMs(n: bigint): number {
  return estimateCpuMsOfBits(bitLength(n));
}

export function estimateCpuMsOfBits(bits: number): number {
  const above = MEASURED.findIndex(([size]) => size >= bits);
  if (above === -1) return MEASURED.at(-1)![1];
  const [highBits, highMs] = MEASURED[above]!;
  const [lowBits, lowMs] = MEASURED[Math.max(0, above - 1)]!;
  if (highBits === lowBits) return highMs;
  return lowMs * (highMs / lowMs) ** ((bits - lowBits) / (highBits - lowBits));
}
