/** What one sending thread counts and measures. As plain data (`ThreadReport`) it is added up over the threads. */
import { MALFORMED_ANSWER, NOT_ANSWERED, TIMED_OUT } from './exchange-outcome.ts';
import { type HistogramData, LatencyHistogram } from './latency-histogram.ts';
import { type Endpoint, ENDPOINTS } from './load-result.ts';
import type { ToldResult } from './told-result.ts';

/** Every endpoint promises to answer within it (docs/guarantees.md). */
const LATE_MS = 2_000;
/** Of wrong results, so many are told in detail. */
export const EXAMPLES_MAX = 10;
/** Precision of the waiting times of one caller: there are many callers. */
const CALLER_DIGITS = 2;
/** Reasons told apart; a server that makes up a new one each time must not fill the memory. */
const REASONS_MAX = 100;
/** A server may put anything into the code of a problem. */
const REASON_CHARS_MAX = 120;
const OTHER_REASON = 'for other reasons';

export interface EndpointReport {
  readonly sent: number;
  readonly succeeded: number;
  readonly failed: ReadonlyMap<string, number>;
  readonly notAnswered: number;
  readonly late: number;
  readonly latency: HistogramData;
}

export interface SecondReport {
  readonly second: number;
  readonly planned: number;
  readonly answered: number;
  readonly failed: number;
  readonly done: number;
  readonly latency: HistogramData;
}

export interface Counts {
  readonly planned: number;
  readonly answered: number;
  readonly failed: number;
  readonly done: number;
  readonly wrong: number;
}

export interface ThreadReport extends Counts {
  readonly sent: number;
  readonly dropped: number;
  readonly accepted: number;
  readonly settled: number;
  readonly lost: number;
  readonly wrongExamples: readonly string[];
  readonly endpoints: ReadonlyMap<Endpoint, EndpointReport>;
  readonly timeToResult: HistogramData;
  readonly lag: HistogramData;
  /** By the index of the caller. */
  readonly callers: readonly {
    readonly sent: number;
    readonly timed: number;
    readonly done: number;
    readonly unfinished: number;
    readonly cpuMs: number;
    readonly waiting: HistogramData | undefined;
  }[];
}

class EndpointTally {
  sent = 0;
  succeeded = 0;
  notAnswered = 0;
  late = 0;
  readonly failed = new Map<string, number>();
  readonly latency = new LatencyHistogram();

  report(): EndpointReport {
    const { sent, succeeded, notAnswered, late, failed } = this;
    return { sent, succeeded, notAnswered, late, failed, latency: this.latency.data() };
  }
}

interface Second {
  planned: number;
  answered: number;
  failed: number;
  done: number;
  readonly latency: LatencyHistogram;
}

interface CallerTally {
  sent: number;
  /** Of these, the ones whose CPU time the service tells: all but values. */
  timed: number;
  done: number;
  unfinished: number;
  /** Of what ended while there were arrivals. */
  cpuMs: number;
  waiting: LatencyHistogram | undefined;
}

export class LoadTally {
  readonly #startMs: number;
  readonly #arrivalsEndWallMs: number;
  readonly #endpoints = new Map(ENDPOINTS.map((endpoint) => [endpoint, new EndpointTally()]));
  readonly #callers: readonly CallerTally[];
  readonly #timeToResult = new LatencyHistogram();
  readonly #lag = new LatencyHistogram();
  #seconds = new Map<number, Second>();
  #planned = 0;
  #sent = 0;
  #dropped = 0;
  #answered = 0;
  #failed = 0;
  #accepted = 0;
  #settled = 0;
  #done = 0;
  #lost = 0;
  #wrong = 0;
  readonly #wrongExamples: string[] = [];

  /**
   * Times are of the monotonic clock; the load begins at `startMs`. `arrivalsEndWallMs`, in ms since 1970, is when the last arrival is
   * planned at the latest: what the service finishes later is no share of a caller any more, since in the end each gets what it asked for.
   */
  constructor(startMs: number, callers: number, arrivalsEndWallMs: number) {
    this.#startMs = startMs;
    this.#arrivalsEndWallMs = arrivalsEndWallMs;
    this.#callers = Array.from({ length: callers }, () => ({
      sent: 0,
      timed: 0,
      done: 0,
      unfinished: 0,
      cpuMs: 0,
      waiting: undefined,
    }));
  }

  planned(plannedMs: number): void {
    this.#planned++;
    this.#second(plannedMs).planned++;
  }

  dropped(): void {
    this.#dropped++;
  }

  lag(ms: number): void {
    this.#lag.record(ms);
  }

  submitted(endpoint: Endpoint, caller: number): void {
    this.#sent++;
    const tally = this.#callers[caller]!;
    tally.sent++;
    if (endpoint !== 'POST /values') tally.timed++;
    this.asked(endpoint);
  }

  asked(endpoint: Endpoint): void {
    this.#endpoints.get(endpoint)!.sent++;
  }

  /** What was asked was taken back, and counts as not asked. */
  withdrawn(endpoint: Endpoint): void {
    this.#endpoints.get(endpoint)!.sent--;
  }

  /** How an exchange ended: undefined is well. The time of what was broken off before anybody lost patience says nothing. */
  ended(endpoint: Endpoint, reason: string | undefined, sinceMs: number, nowMs: number): void {
    const tally = this.#endpoints.get(endpoint)!;
    const latencyMs = nowMs - sinceMs;
    const wasAnswered = reason === undefined || reason === MALFORMED_ANSWER || /^\d/.test(reason);
    if (wasAnswered || reason === NOT_ANSWERED || reason === TIMED_OUT) tally.latency.record(latencyMs);
    if (wasAnswered && latencyMs > LATE_MS) tally.late++;
    if (reason === undefined) tally.succeeded++;
    else if (reason === NOT_ANSWERED) tally.notAnswered++;
    else {
      const cut = reason.slice(0, REASON_CHARS_MAX);
      const known = tally.failed.has(cut) || tally.failed.size < REASONS_MAX ? cut : OTHER_REASON;
      tally.failed.set(known, (tally.failed.get(known) ?? 0) + 1);
      this.#failed++;
      this.#second(nowMs).failed++;
    }
    if (endpoint === 'GET result' || !wasAnswered) return;
    this.#answered++;
    const second = this.#second(nowMs);
    second.answered++;
    second.latency.record(latencyMs);
  }

  accepted(): void {
    this.#accepted++;
  }

  /** What was accepted has ended and is right. */
  done(caller: number, plannedMs: number, nowMs: number, result: ToldResult): void {
    this.#settled++;
    this.#done++;
    this.#second(nowMs).done++;
    this.#timeToResult.record(nowMs - plannedMs);
    this.#callers[caller]!.done++;
    this.#served(caller, result);
  }

  /** What was accepted has ended without all of its factors. It stays unfinished. */
  partial(caller: number, result: ToldResult): void {
    this.#callers[caller]!.unfinished++;
    this.#served(caller, result);
  }

  /**
   * What was accepted has not ended when the load does. `waitedMs` since then is as long as it can have waited for its start, and stands
   * for that: left out, a caller that is never served would look like one that never waits. Undefined for values, which tell no waits.
   */
  unended(caller: number, waitedMs: number | undefined): void {
    this.#callers[caller]!.unfinished++;
    if (waitedMs !== undefined) this.#waited(caller, waitedMs);
  }

  lost(): void {
    this.#settled++;
    this.#lost++;
  }

  /** `isSettled` is false where the result was judged before: it came by two ways. */
  wrong(why: string, isSettled: boolean): void {
    if (isSettled) this.#settled++;
    this.#wrong++;
    if (this.#wrongExamples.length < EXAMPLES_MAX) this.#wrongExamples.push(why);
  }

  counts(): Counts {
    return {
      planned: this.#planned,
      answered: this.#answered,
      failed: this.#failed,
      done: this.#done,
      wrong: this.#wrong,
    };
  }

  /** The seconds that have passed at `nowMs` and were not taken before; one may come again if something is counted to it late. */
  takeSeconds(nowMs: number): SecondReport[] {
    const present = this.#indexOf(nowMs);
    const passed = [...this.#seconds].filter(([second]) => second < present);
    for (const [second] of passed) this.#seconds.delete(second);
    return passed.map(([second, { latency, ...counts }]) => ({ second, ...counts, latency: latency.data() }));
  }

  report(): ThreadReport {
    return {
      ...this.counts(),
      sent: this.#sent,
      dropped: this.#dropped,
      accepted: this.#accepted,
      settled: this.#settled,
      lost: this.#lost,
      wrongExamples: this.#wrongExamples,
      endpoints: new Map(Array.from(this.#endpoints, ([endpoint, tally]) => [endpoint, tally.report()])),
      timeToResult: this.#timeToResult.data(),
      lag: this.#lag.data(),
      callers: this.#callers.map(({ waiting, ...counts }) => ({ ...counts, waiting: waiting?.data() })),
    };
  }

  #served(caller: number, { acceptedAtMs, startedAtMs, finishedAtMs, cpuMs = 0 }: ToldResult): void {
    if (finishedAtMs !== undefined && finishedAtMs <= this.#arrivalsEndWallMs)
      this.#callers[caller]!.cpuMs += cpuMs;
    if (acceptedAtMs !== undefined && startedAtMs !== undefined)
      this.#waited(caller, startedAtMs - acceptedAtMs);
  }

  #waited(caller: number, ms: number): void {
    const tally = this.#callers[caller]!;
    tally.waiting ??= new LatencyHistogram(CALLER_DIGITS);
    tally.waiting.record(ms);
  }

  #second(ms: number): Second {
    const index = this.#indexOf(ms);
    let second = this.#seconds.get(index);
    if (second === undefined) {
      second = { planned: 0, answered: 0, failed: 0, done: 0, latency: new LatencyHistogram() };
      this.#seconds.set(index, second);
    }
    return second;
  }

  #indexOf(ms: number): number {
    return Math.max(0, Math.floor((ms - this.#startMs) / 1000));
  }
}
