/** How long a sieve still takes: by a table of sizes at first, then more and more by what it has done itself. */

export interface SieveMeasured {
  /** CPU milliseconds of the job since it began to sieve in this memory. */
  readonly cpuMs: number;
  /** How much of the sieve was done when that began, in [0, 1]. */
  readonly from: number;
}

/**
 * Expected CPU milliseconds of the job, where `fraction` of the sieve is done, in [0, 1], and `tableMs` are what the rest takes by the number's
 * size alone. What was measured weighs as much as its share of all that is not yet done when it began, so that the speed of the machine and
 * the help of other threads come in without a jump.
 */
export function sieveRemainingMs(tableMs: number, fraction: number, { cpuMs, from }: SieveMeasured): number {
  const rest = 1 - fraction;
  const done = Math.max(0, fraction - from);
  if (done + rest <= 0) return 0;
  const weight = done / (done + rest);
  const measuredMs = done > 0 ? (cpuMs / done) * rest : 0;
  return (1 - weight) * tableMs + weight * measuredMs;
}
