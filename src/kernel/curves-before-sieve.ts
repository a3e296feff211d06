/** When a composite has had its share of elliptic curves. */
import { bitLength } from './bit-length.ts';
import { curvesWithin, sieveShare } from './ecm-schedule.ts';
import { estimateCpuMsOfBits } from './estimate.ts';
import type { Part } from './part.ts';
import { isInSieveRange } from './sieve-range.ts';

/** How many curves a composite gets before it is sieved: infinitely many where a memory of so many bytes has no room for its sieve, and where that gave up. */
export function curvesBeforeSieve({ value, sieveGaveUp }: Part, memoryBytes: number): number {
  const bits = bitLength(value);
  if (sieveGaveUp || !isInSieveRange(bits, memoryBytes)) return Infinity;
  return curvesWithin(sieveShare(bits) * estimateCpuMsOfBits(bits), bits);
}
