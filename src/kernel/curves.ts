/** Elliptic curves over one composite: begun, and gone on with in moves of a few milliseconds. What they need lies in the memory. */
import { bitLength } from './bit-length.ts';
import { type Curves, laneProductNs } from './ecm-schedule.ts';
import { ECM_ALL, ECM_FACTOR, STEP_UNFINISHED } from './kernel-exports.ts';
import type { KernelInstance } from './kernel-instance.ts';

/** A proper divisor; that there is more to do; that nothing was found; that all factors were met at the same moment. */
export type CurvesOutcome = bigint | 'unfinished' | 'nothing' | 'all';

const MOVE_NS = 2_000_000;

/** Begins `CURVES_AT_ONCE` curves over `value`: odd and composite. */
export function startCurves(kernel: KernelInstance, value: bigint, { sigma, b1, b2, width }: Curves): void {
  kernel.setModulus(value);
  kernel.exports.ecmStart(sigma, b1, b2, width);
}

/** One move of the curves that were begun last in this memory, over the same `value`. */
export function stepCurves(kernel: KernelInstance, value: bigint): CurvesOutcome {
  const bits = bitLength(value);
  const outcome = kernel.exports.ecmStep(Math.ceil(MOVE_NS / laneProductNs(bits)));
  if (outcome === STEP_UNFINISHED) return 'unfinished';
  if (outcome === ECM_FACTOR) return kernel.readNumber(Math.ceil(bits / 32));
  return outcome === ECM_ALL ? 'all' : 'nothing';
}
