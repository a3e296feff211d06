/** Which caller asks. Pure. */
import type { Skew } from './load-options.ts';

/** What the hog of `one-hog` sends of all. */
const HOG_SHARE = 0.9;

const DRAWS: Readonly<Record<Skew, (callers: number) => (value: number) => number>> = {
  uniform: (callers) => (value) => Math.floor(value * callers),
  'one-hog': (callers) => (value) => {
    if (value < HOG_SHARE || callers === 1) return 0;
    const rest = (value - HOG_SHARE) / (1 - HOG_SHARE);
    return 1 + Math.min(callers - 2, Math.floor(rest * (callers - 1)));
  },
  zipf: (callers) => byWeight(Array.from({ length: callers }, (_, i) => 1 / (i + 1))),
};

/** For a value in [0, 1), drawn evenly, the index of a caller below `callers`. */
export function callerDraw(callers: number, skew: Skew): (value: number) => number {
  return DRAWS[skew](callers);
}

function byWeight(weights: readonly number[]): (value: number) => number {
  const ends = new Float64Array(weights.length);
  let sum = 0;
  weights.forEach((weight, i) => (ends[i] = sum += weight));
  return (value) => {
    const at = value * sum;
    let [low, high] = [0, ends.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle]! <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
