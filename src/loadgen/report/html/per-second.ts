/** The seconds of a load, as few as a plot can show. Pure. */
import type { SecondResult } from '../../load-result.ts';

/** More points than that are not to be told apart. */
const POINTS_MAX = 240;
/** In seconds. Of a shorter rest at the end, counts are too few for a rate. */
const LENGTH_MIN = 0.25;

/** Some seconds as one point: counts per second on average, latencies of the worst second. */
export interface PlotSecond extends SecondResult {
  /** In seconds; the last one may be part of a second. */
  readonly length: number;
}

/** All of the same length but for the last one, which ends with the load, `elapsedMs` after its beginning. */
export function plotSeconds(seconds: readonly SecondResult[], elapsedMs: number): PlotSecond[] {
  const length = Math.max(1, Math.ceil(seconds.length / POINTS_MAX));
  return Array.from({ length: Math.ceil(seconds.length / length) }, (_, i) =>
    merged(seconds.slice(i * length, (i + 1) * length), elapsedMs),
  );
}

function merged(group: readonly SecondResult[], elapsedMs: number): PlotSecond {
  const second = group[0]?.second ?? 0;
  const length = Math.min(group.length, Math.max(LENGTH_MIN, elapsedMs / 1_000 - second));
  const mean = (key: 'planned' | 'answered' | 'failed' | 'done'): number =>
    group.reduce((sum, one) => sum + one[key], 0) / length;
  const most = (key: 'p50' | 'p99' | 'max'): number =>
    Math.max(...group.map((one) => (one.answered > 0 ? one[key] : 0)));
  return {
    second,
    length,
    planned: mean('planned'),
    answered: mean('answered'),
    failed: mean('failed'),
    done: mean('done'),
    p50: most('p50'),
    p99: most('p99'),
    max: most('max'),
  };
}

/** `12 s`, or of several seconds `12–14 s`; beyond two minutes `2:05`. */
export function secondsText({ second, length }: PlotSecond): string {
  return length <= 1 ? clockText(second) : `${clockText(second)}–${clockText(second + Math.ceil(length))}`;
}

export function clockText(second: number): string {
  if (second < 120) return `${second} s`;
  const minutes = Math.floor(second / 60);
  const rest = String(second % 60).padStart(2, '0');
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}
