/** What was asked for, in words, and how far it came if it was interrupted. Pure. */
import type { LoadResult } from '../load-result.ts';
import { countOf, rateText, spanText } from './amount-text.ts';

/** Parts of one line: mode, pace, callers, numbers, seed, run. */
export function loadWords({
  options,
  elapsedMs,
  interrupted,
}: Pick<LoadResult, 'options' | 'elapsedMs' | 'interrupted'>): string[] {
  const {
    mode,
    wait,
    callers,
    skew,
    digits,
    seed,
    runId,
    durationMs,
    rampMs,
    spikes,
    pace,
    threads,
    connectionsMax,
  } = options;
  const paceWords =
    pace.kind === 'open'
      ? `${rateText(pace.perSecond)} (open, ${pace.arrivals})`
      : `${countOf(pace.connections, 'connection')} (closed)`;

  const isShort = interrupted && elapsedMs < durationMs;
  const span = isShort ? `${spanText(elapsedMs)} of ${spanText(durationMs)}` : spanText(durationMs);
  return [
    mode,
    `${paceWords} for ${span}`,
    ...(rampMs > 0 ? [`ramp ${spanText(rampMs)}`] : []),
    ...spikes.map(({ atMs, forMs, factor }) => `×${factor} at ${spanText(atMs)} for ${spanText(forMs)}`),
    `${countOf(callers, 'caller')}${callers > 1 ? ` (${skew})` : ''}`,
    `${digits.min === digits.max ? digits.min : `${digits.min}–${digits.max}`} digits`,
    ...(mode === 'sync' || mode === 'values' ? [] : [`results by ${wait}`]),
    ...(threads > 1 ? [countOf(threads, 'thread')] : []),
    ...(pace.kind === 'open' ? [`at most ${countOf(connectionsMax, 'connection')}`] : []),
    `seed ${seed}`,
    ...(runId === undefined ? [] : [`run ${runId}`]),
  ];
}
