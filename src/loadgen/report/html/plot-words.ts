/** What plots over time say alike. Pure. */
import type { LoadOptions } from '../../load-options.ts';
import { significant } from '../amount-text.ts';
import type { Band } from './plot.ts';

/** A narrower band has no room for its label. */
const LABELLED_SHARE = 0.25;

/** Of a tick: `0.1 ms`, `20 ms`, `5 s`. */
export function tickMillis(ms: number): string {
  if (ms === 0) return '0';
  return ms < 1_000 ? `${significant(ms)} ms` : `${significant(ms / 1_000)} s`;
}

/** The spikes, and the time after the last planned arrival. `seconds`: how long the axis is. */
export function bandsOf({ spikes, durationMs }: LoadOptions, seconds: number): Band[] {
  const share = (ms: number): number => Math.min(1, ms / 1_000 / Math.max(1, seconds));
  const bands: Band[] = spikes.map(({ atMs, forMs, factor }) => ({
    from: share(atMs),
    to: share(Math.min(atMs + forMs, durationMs)),
    label: `×${significant(factor)}`,
  }));
  const end = share(durationMs);
  if (end < 1) bands.push({ from: end, to: 1, label: end < 1 - LABELLED_SHARE ? 'no more arrivals' : '' });
  return bands;
}
