/**
 * Brings together what was accepted with a callback and the callbacks that came, whichever of the two is known first: a callback may be
 * there before the answer that promised it.
 */
import { RecentMap } from '../base/recent-map.ts';
import type { ToldResult } from './told-result.ts';
import { type HistogramData, LatencyHistogram } from './latency-histogram.ts';

/** A callback as the receiver passes it on: the first of its id. */
export interface Callback {
  readonly requestId: string;
  readonly result: ToldResult;
  /** When it was there as a whole, by the monotonic clock. */
  readonly atMs: number;
  /** The same, in ms since 1970. */
  readonly wallMs: number;
}

export interface MatchReport {
  readonly promised: number;
  readonly received: number;
  readonly fromAcceptance: HistogramData;
  readonly fromCompletion: HistogramData;
}

/** Callbacks that nothing is known of yet: those of requests whose acceptance was lost on the way stay among them. */
const EARLY_MAX = 100_000;

export class CallbackMatch {
  readonly #promised = new Map<
    string,
    { readonly acceptedMs: number; readonly onCallback: (callback: Callback) => void }
  >();
  readonly #early = new RecentMap<string, Callback>(EARLY_MAX);
  readonly #fromAcceptance = new LatencyHistogram();
  readonly #fromCompletion = new LatencyHistogram();
  #promises = 0;
  #received = 0;

  /** The request was accepted, as was known at `acceptedMs` of the monotonic clock. `onCallback` is told once at most. */
  promise(requestId: string, acceptedMs: number, onCallback: (callback: Callback) => void): void {
    this.#promises++;
    this.#promised.set(requestId, { acceptedMs, onCallback });
    const early = this.#early.get(requestId);
    if (early === undefined) return;
    this.#early.delete(requestId);
    this.take(early);
  }

  take(callback: Callback): void {
    const { requestId, result, atMs, wallMs } = callback;
    const promise = this.#promised.get(requestId);
    if (promise === undefined) {
      this.#early.set(requestId, callback);
      return;
    }
    this.#promised.delete(requestId);
    this.#received++;
    this.#fromAcceptance.record(atMs - promise.acceptedMs);
    if (result.finishedAtMs !== undefined) this.#fromCompletion.record(wallMs - result.finishedAtMs);
    promise.onCallback(callback);
  }

  report(): MatchReport {
    return {
      promised: this.#promises,
      received: this.#received,
      fromAcceptance: this.#fromAcceptance.data(),
      fromCompletion: this.#fromCompletion.data(),
    };
  }
}
