/** The seconds of a load, added up over its threads as they pass. Of those that lie behind, only the numbers are kept; what is told
 * later still counts in full, save that of its latencies only the greatest can. */
import { LatencyHistogram } from './latency-histogram.ts';
import type { SecondResult } from './load-result.ts';
import type { SecondReport } from './load-tally.ts';

/** So many seconds after it, nothing of a second is missing but what a thread counts to it far too late. */
const OPEN_SECONDS = 5;

interface Entry {
  planned: number;
  answered: number;
  failed: number;
  done: number;
  latency: LatencyHistogram | Pick<SecondResult, 'p50' | 'p99' | 'max'>;
}

export class SecondSeries {
  readonly #entries: Entry[] = [];

  add({ second, planned, answered, failed, done, latency }: SecondReport): void {
    while (this.#entries.length <= second) {
      this.#entries.push({ planned: 0, answered: 0, failed: 0, done: 0, latency: new LatencyHistogram() });
      const behind = this.#entries[this.#entries.length - 1 - OPEN_SECONDS];
      if (behind) behind.latency = quantiles(behind.latency);
    }
    const entry = this.#entries[second]!;
    entry.planned += planned;
    entry.answered += answered;
    entry.failed += failed;
    entry.done += done;
    if (entry.latency instanceof LatencyHistogram) entry.latency.add(latency);
    else {
      const late = new LatencyHistogram(latency.digits);
      late.add(latency);
      entry.latency = { ...entry.latency, max: Math.max(entry.latency.max, late.maxMs) };
    }
  }

  /** The last second that any thread has told of. */
  last(): SecondResult | undefined {
    return this.#entries.length === 0 ? undefined : this.#result(this.#entries.length - 1);
  }

  results(): SecondResult[] {
    return this.#entries.map((_, second) => this.#result(second));
  }

  #result(second: number): SecondResult {
    const { latency, ...counts } = this.#entries[second]!;
    return { second, ...counts, ...quantiles(latency) };
  }
}

function quantiles(latency: Entry['latency']): Pick<SecondResult, 'p50' | 'p99' | 'max'> {
  if (!(latency instanceof LatencyHistogram)) return latency;
  return { p50: latency.percentile(50), p99: latency.percentile(99), max: latency.maxMs };
}
