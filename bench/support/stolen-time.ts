/**
 * How much CPU time the hypervisor gave to others while something was measured, as the kernel counts it (`steal` in
 * /proc/stat, proc(5)). On a shared machine it explains much of what differs between two runs.
 */
import { readFileSync } from 'node:fs';

/** In ticks, over all processors, since the machine started. */
export interface CpuTicks {
  readonly total: number;
  readonly stolen: number;
}

/** user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted in the first two already. */
const COUNTED = 8;

/** Undefined where the text has no line of all processors with that many counts. Pure. */
export function parseCpuTicks(stat: string): CpuTicks | undefined {
  const counts = /^cpu((?: +\d+)+)/m.exec(stat)?.[1]?.trim().split(/ +/).slice(0, COUNTED).map(Number) ?? [];
  const stolen = counts[COUNTED - 1];
  if (stolen === undefined) return undefined;
  return { total: counts.reduce((sum, count) => sum + count, 0), stolen };
}

/** Of all CPU time between the two, idle or not, in 0…1; 0 if none passed. Pure. */
export function stolenShare(before: CpuTicks, after: CpuTicks): number {
  return (after.stolen - before.stolen) / Math.max(1, after.total - before.total);
}

/** Undefined where there is no /proc, which is everywhere but on Linux. */
export function readCpuTicks(): CpuTicks | undefined {
  if (process.platform !== 'linux') return undefined;
  return parseCpuTicks(readFileSync('/proc/stat', 'utf8'));
}

/** A line for a reader; undefined where nothing is known. Pure. */
export function tellStolen(before: CpuTicks | undefined, after: CpuTicks | undefined): string | undefined {
  if (!before || !after) return undefined;
  return `the hypervisor took ${Math.round(stolenShare(before, after) * 100)} % of the CPU time`;
}
