/** Where a value lies on an axis, and where the axis has its ticks. Pure. */

export interface Scale {
  /** In 0…1; what lies beyond an end is at that end. */
  readonly position: (value: number) => number;
  /** Ascending. */
  readonly ticks: readonly number[];
}

/** From 0 to at least `max`, with about `count` ticks at round values. */
export function linearScale(max: number, count: number): Scale {
  const top = max > 0 && Number.isFinite(max) ? max : 1;
  const step = roundUp(top / count);
  const steps = Math.ceil(top / step - 1e-9);
  const end = steps * step;
  return {
    position: (value) => clamped(value / end),
    ticks: Array.from({ length: steps + 1 }, (_, i) => i * step),
  };
}

/** What an axis of nothing shows. */
const NO_VALUES = [1, 1_000];

/** Around those of the values that are above 0, with ends at 1, 2 or 5 times a power of ten; of many decades only the powers are ticks. */
export function logScale(values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const shown = positive.length > 0 ? positive : NO_VALUES;
  const low = roundDown(Math.min(...shown));
  const high = Math.max(roundUp(Math.max(...shown)), low * 10);
  const span = Math.log10(high / low);
  const steps = span > 3.5 ? [1] : span > 2.2 ? [1, 3] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)); power++)
    for (const step of steps) {
      const tick = Number((step * 10 ** power).toPrecision(1));
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  return { position: (value) => (value > 0 ? clamped(Math.log10(value / low) / span) : 0), ticks };
}

/**
 * Percentiles, each nine as wide as the one before (a log scale of 1 − q): 0 %, 90 %, 99 %, … up to what `count` values can tell,
 * which is all but the last one of them.
 */
export function tailScale(count: number): Scale & { readonly percentileAt: (position: number) => number } {
  const nines = Math.max(1, Math.log10(Math.max(10, count)));
  const ticks = [0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999].filter(
    (percentile) => -Math.log10(1 - percentile / 100) <= nines + 1e-9,
  );
  return {
    position: (percentile) => (percentile >= 100 ? 1 : clamped(-Math.log10(1 - percentile / 100) / nines)),
    percentileAt: (position) => 100 * (1 - 10 ** (-nines * position)),
    ticks,
  };
}

const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];

/** Exactly from 0 to `seconds`, with at most `count` ticks at round times. */
export function timeScale(seconds: number, count: number): Scale {
  const end = Math.max(1, seconds);
  const step = TIME_STEPS_S.find((one) => end / one <= count) ?? Math.ceil(end / count / 86_400) * 86_400;
  return {
    position: (second) => clamped(second / end),
    ticks: Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step),
  };
}

function clamped(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/** To 1, 2 or 5 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value * 0.999_999) ?? 10) * power;
}

function roundDown(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([5, 2, 1].find((step) => step * power <= value * 1.000_001) ?? 1) * power;
}
