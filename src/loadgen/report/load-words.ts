/** What was asked for, in words. Pure. */
import type { LoadOptions } from '../load-options.ts';
import { countOf, rateText, spanText } from './amount-text.ts';

/** Parts of one line: mode, pace, callers, numbers, seed. */
export function loadWords(options: LoadOptions): string[] {
  const { mode, wait, callers, skew, digits, seed, durationMs, rampMs, spikes, pace } = options;
  const paceWords =
    pace.kind === 'open'
      ? `${rateText(pace.perSecond)} (open, ${pace.arrivals})`
      : `${countOf(pace.connections, 'connection')} (closed)`;
  return [
    mode,
    `${paceWords} for ${spanText(durationMs)}`,
    ...(rampMs > 0 ? [`ramp ${spanText(rampMs)}`] : []),
    ...spikes.map(({ atMs, forMs, factor }) => `×${factor} at ${spanText(atMs)} for ${spanText(forMs)}`),
    `${countOf(callers, 'caller')}${callers > 1 ? ` (${skew})` : ''}`,
    `${digits.min === digits.max ? digits.min : `${digits.min}–${digits.max}`} digits`,
    ...(mode === 'sync' || mode === 'values' ? [] : [`results by ${wait}`]),
    `seed ${seed}`,
  ];
}
