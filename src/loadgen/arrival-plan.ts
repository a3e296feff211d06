/**
 * When requests arrive in an open model: a process whose rate changes over time, by ramp and spikes. Pure.
 *
 * The moments are those of a process of rate one, in the time of its own in which the expected count of arrivals passes evenly (Cinlar
 * 1975, the inverse of the cumulative rate): exponential steps give a Poisson process, equal steps a constant one.
 * Invariants:
 *   P1. Moments never fall, and lie between 0 and `durationMs`.
 *   P2. The expected count of arrivals in any stretch of time is the integral of the rate over it.
 */
import type { LoadOptions, Pace } from './load-options.ts';
import { seededRandom, seedFor } from './seeded-random.ts';

export interface PlanOptions extends Pick<LoadOptions, 'durationMs' | 'rampMs' | 'spikes' | 'seed'> {
  readonly pace: Extract<Pace, { readonly kind: 'open' }>;
}

/** A stretch of time in which the rate is a straight line. Rates are per millisecond. */
interface Piece {
  readonly fromMs: number;
  readonly toMs: number;
  readonly rate: number;
  readonly slope: number;
  /** Arrivals expected before its beginning, and before its end. */
  readonly before: number;
  readonly after: number;
}

/** How many arrivals are expected in all. */
export function expectedArrivals(options: PlanOptions): number {
  return ratePieces(options).at(-1)?.after ?? 0;
}

/** Gives the moments one after the other, in ms from the beginning; Infinity when there are no more. */
export function arrivalMoments(options: PlanOptions): () => number {
  const pieces = ratePieces(options);
  const random = seededRandom(seedFor(options.seed, 'moments'));
  const isPoisson = options.pace.arrivals === 'poisson';
  // A constant process has its arrivals in the middle of their share of time.
  let expected = isPoisson ? 0 : -0.5;
  let at = 0;
  return () => {
    expected += isPoisson ? -Math.log(1 - random()) : 1;
    while (at < pieces.length && expected >= pieces[at]!.after) at++;
    const piece = pieces[at];
    return piece === undefined ? Infinity : momentIn(piece, expected);
  };
}

function ratePieces({ pace, durationMs, rampMs, spikes }: PlanOptions): Piece[] {
  const ends = [rampMs, durationMs, ...spikes.flatMap(({ atMs, forMs }) => [atMs, atMs + forMs])];
  const breaks = [0, ...new Set(ends.filter((ms) => ms > 0 && ms <= durationMs))].toSorted((a, b) => a - b);
  const pieces: Piece[] = [];
  let before = 0;
  for (let i = 1; i < breaks.length; i++) {
    const [fromMs, toMs] = [breaks[i - 1]!, breaks[i]!];
    const isActive = ({ atMs, forMs }: (typeof spikes)[number]): boolean =>
      atMs <= fromMs && toMs <= atMs + forMs;
    const whole = spikes.filter(isActive).reduce((rate, { factor }) => rate * factor, pace.perSecond / 1000);
    const slope = fromMs < rampMs ? whole / rampMs : 0;
    const rate = fromMs < rampMs ? slope * fromMs : whole;
    const lengthMs = toMs - fromMs;
    const after = before + (rate + (slope * lengthMs) / 2) * lengthMs;
    pieces.push({ fromMs, toMs, rate, slope, before, after });
    before = after;
  }
  return pieces;
}

/** When so many arrivals are expected to have come: the root of rate·x + slope·x²/2, in the form that cancels nothing. */
function momentIn({ fromMs, toMs, rate, slope, before }: Piece, expected: number): number {
  const count = expected - before;
  // A draw of exactly 0, where a ramp begins with a rate of 0, would be 0/0.
  if (count === 0) return fromMs;
  const ms = (2 * count) / (rate + Math.sqrt(rate * rate + 2 * slope * count));
  return Math.min(fromMs + ms, toMs);
}
