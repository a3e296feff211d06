/**
 * Times, however many, in bounded memory: HdrHistogram in microseconds, which keeps a fixed relative precision over the whole range.
 *
 * Least, greatest and mean are exact to the microsecond.
 */
import { Int32Histogram } from 'hdr-histogram-js';
import type { Distribution } from './load-result.ts';

/** Plain data, to be sent between threads. */
export interface HistogramData {
  readonly digits: number;
  readonly minUs: number;
  readonly maxUs: number;
  readonly sumUs: number;
  /** Values in µs and their counts, in turn. */
  readonly counts: Float64Array;
}

/** Times beyond it, in µs, are counted as it: three hours. */
const US_MAX = 3 * 3_600_000_000;
/** Three digits: a quantile is off by a thousandth at most. */
const DIGITS = 3;
/** Steps of the curve between two halvings of the distance to 100. */
const STEPS_PER_HALF = 5;

export class LatencyHistogram {
  readonly #histogram: Int32Histogram;
  readonly #digits: number;
  #minUs = Infinity;
  #maxUs = 0;
  #sumUs = 0;

  /** `digits` (1 to 5) of precision. With two, an empty one takes 1 KiB, with three 8 KiB; both grow to some ten times that. */
  constructor(digits = DIGITS) {
    this.#digits = digits;
    this.#histogram = new Int32Histogram(1, 2, digits);
    this.#histogram.autoResize = true;
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  get maxMs(): number {
    return this.#maxUs / 1000;
  }

  /** A time in ms; a negative one, which clocks that disagree may give, counts as 0. */
  record(ms: number): void {
    const us = Math.min(US_MAX, Math.max(0, Math.round(ms * 1000)));
    this.#histogram.recordValue(us);
    this.#note(us, us, us);
  }

  data(): HistogramData {
    const counts: number[] = [];
    const histogram = this.#histogram;
    // The library's iterator takes milliseconds, in which nothing is sent: it computes a value for each empty place too.
    const end = this.count === 0 ? 0 : histogram.countsArrayIndex(this.#maxUs) + 1;
    for (let index = 0; index < end; index++) {
      const count = histogram.getCountAtIndex(index);
      if (count > 0) counts.push(histogram.valueFromIndex(index), count);
    }
    return {
      digits: this.#digits,
      minUs: this.#minUs,
      maxUs: this.#maxUs,
      sumUs: this.#sumUs,
      counts: Float64Array.from(counts),
    };
  }

  add({ minUs, maxUs, sumUs, counts }: HistogramData): void {
    for (let i = 0; i < counts.length; i += 2)
      this.#histogram.recordValueWithCount(counts[i]!, counts[i + 1]!);
    this.#note(minUs, maxUs, sumUs);
  }

  static of(data: HistogramData): LatencyHistogram {
    const histogram = new LatencyHistogram(data.digits);
    histogram.add(data);
    return histogram;
  }

  /** In ms: the least value that at least `percentile` per cent of all do not exceed, in precision; 0 if there are none. */
  percentile(percentile: number): number {
    if (this.count === 0) return 0;
    const us = this.#histogram.getValueAtPercentile(percentile);
    return Math.min(Math.max(us, this.#minUs), this.#maxUs) / 1000;
  }

  distribution(): Distribution {
    const count = this.count;
    const at = (percentile: number): number => this.percentile(percentile);
    return {
      count,
      min: count === 0 ? 0 : this.#minUs / 1000,
      mean: count === 0 ? 0 : this.#sumUs / count / 1000,
      p50: at(50),
      p90: at(90),
      p95: at(95),
      p99: at(99),
      p999: at(99.9),
      max: this.maxMs,
      curve: curvePercentiles(count).map((percentile) => [percentile, at(percentile)]),
    };
  }

  #note(minUs: number, maxUs: number, sumUs: number): void {
    this.#minUs = Math.min(this.#minUs, minUs);
    this.#maxUs = Math.max(this.#maxUs, maxUs);
    this.#sumUs += sumUs;
  }
}

/** From 0 to 100, in steps that halve each time that half of the rest is behind, until less than one of `count` is left. */
function curvePercentiles(count: number): number[] {
  if (count === 0) return [];
  const percentiles: number[] = [];
  for (let rest = 100; rest * count >= 100; rest /= 2)
    for (let step = 0; step < STEPS_PER_HALF; step++)
      percentiles.push(100 - rest * (1 - step / (2 * STEPS_PER_HALF)));
  return [...percentiles, 100];
}
