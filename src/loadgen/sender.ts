/**
 * Sends a thread's share of a load, follows what was accepted to its end, and judges what comes back.
 *
 * Invariants:
 *   S1. Every arrival is planned by the clock or, in a closed model, by a connection that is free again; never by what was answered.
 *   S2. A submission is sent once: what fails is counted, not repeated.
 *   S3. It finishes when nothing is awaited any more, `graceMs` after the last arrival, or when it is told to stop; then everything is
 *       closed, and what is still missing is counted as such.
 */
import { systemClock } from '../base/clock.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { type Arrival, arrivals } from './arrival.ts';
import { arrivalMoments } from './arrival-plan.ts';
import { type Callback, CallbackMatch, type MatchReport } from './callback-match.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { Accepted } from './door.ts';
import { failureReason, MALFORMED_ANSWER, NOT_ANSWERED, TIMED_OUT } from './exchange-outcome.ts';
import { followPlan } from './follow-plan.ts';
import type { ExchangeEnd } from './http-connection.ts';
import { judgeResult } from './judge-result.ts';
import type { LoadOptions } from './load-options.ts';
import { LoadTally } from './load-tally.ts';
import { headerText, requestText, type RequestText } from './request-text.ts';
import { ResultWatch } from './result-watch.ts';
import type { PrimePools } from './semiprimes.ts';
import type { ToldResult } from './told-result.ts';

/** Of all threads together: arrivals that wait for a connection, and requests that are followed. Beyond them arrivals are dropped. */
const UNSENT_MAX = 100_000;
const FOLLOWED_MAX = 1_000_000;
/** An answer that takes longer has failed. Event streams may be open for as long as the load lasts. */
const ANSWER_MS_MAX = 30_000;
/** How often it is looked whether anything took too long, or all is over. */
const SWEEP_MS = 50;
/** A closed model does not ask again at once where it was refused at once. */
const REFUSED_PAUSE_MS = 10;

export interface SenderOptions {
  readonly options: LoadOptions;
  readonly thread: number;
  readonly callerIds: readonly string[];
  readonly callbackUrl: string | undefined;
  readonly kernel: Kernel;
  readonly pools: PrimePools;
}

/** Accepted, and not ended yet. */
interface Open {
  readonly caller: number;
  readonly acceptedMs: number;
  /** Whether the service tells when it starts: of values it does not. */
  readonly tellsStart: boolean;
}

interface Service {
  readonly text: RequestText;
  readonly submissions: ConnectionPool;
  readonly questions: ConnectionPool;
}

export class Sender {
  readonly #options: SenderOptions;
  readonly #arrivalAt: (index: number) => Arrival;
  readonly #services: readonly Service[];
  /** By the index of the caller. */
  readonly #callers: readonly string[];
  readonly #match = new CallbackMatch();
  readonly #finished = Promise.withResolvers<void>();
  #watches: readonly ResultWatch[] = [];
  #tally: LoadTally;
  #startMs = Infinity;
  #stopPlan: () => void = () => undefined;
  #hasSentAll = false;
  #hasFinished = false;
  /** Submissions, results and callbacks that are waited for. */
  #awaited = 0;
  readonly #open = new Set<Open>();

  constructor(options: SenderOptions) {
    this.#options = options;
    const { threads, urls, pace, connectionsMax, apiKey } = options.options;
    this.#arrivalAt = arrivals(options.options, options.pools);
    this.#callers = options.callerIds.map(headerText);
    const shareOf = (count: number): number => Math.floor(count / threads / urls.length);
    this.#services = urls.map((url) => ({
      text: requestText({ url, apiKey }),
      submissions: new ConnectionPool(
        url,
        pace.kind === 'closed' ? this.#lanes() : shareOf(connectionsMax / 2),
      ),
      questions: new ConnectionPool(url, shareOf(connectionsMax / 2)),
    }));
    this.#tally = new LoadTally(0, options.callerIds.length, 0);
  }

  get tally(): LoadTally {
    return this.#tally;
  }

  /** Submissions that found no free connection. */
  get connectionWaits(): number {
    return this.#services.reduce((sum, { submissions }) => sum + submissions.waits, 0);
  }

  get match(): MatchReport {
    return this.#match.report();
  }

  /** Sends from `startMs` on; resolves when it has finished. */
  async run(startMs: number): Promise<void> {
    const { options, callerIds } = this.#options;
    const { pace, wait } = options;
    this.#startMs = startMs;
    const arrivalsEndWallMs = systemClock.wallMs() + startMs - systemClock.monotonicMs() + options.durationMs;
    this.#tally = new LoadTally(startMs, callerIds.length, arrivalsEndWallMs);
    const asking = wait === 'callback' ? 'long-poll' : wait;
    this.#watches = this.#services.map(
      ({ questions, text }) => new ResultWatch(asking, this.#tally, questions, text),
    );
    const sweep = setInterval(() => this.#sweep(), SWEEP_MS);
    if (pace.kind === 'open') this.#sendByPlan(arrivalMoments({ ...options, pace }));
    else setTimeout(() => this.#sendByLanes(), Math.max(0, startMs - systemClock.monotonicMs()));
    await this.#finished.promise;
    clearInterval(sweep);
  }

  /** Sends no more, waits for nothing more. */
  stop(): void {
    if (this.#hasFinished) return;
    this.#hasFinished = true;
    this.#hasSentAll = true;
    this.#stopPlan();
    const nowMs = systemClock.monotonicMs();
    for (const { caller, acceptedMs, tellsStart } of this.#open)
      this.#tally.unended(caller, tellsStart ? nowMs - acceptedMs : undefined);
    for (const watch of this.#watches) watch.end();
    for (const { submissions, questions } of this.#services)
      for (const pool of [submissions, questions]) pool.end(NOT_ANSWERED);
    this.#finished.resolve();
  }

  takeCallback(callback: Callback): void {
    if (!this.#hasFinished) this.#match.take(callback);
  }

  #lanes(): number {
    const { options, thread } = this.#options;
    const connections = options.pace.kind === 'closed' ? options.pace.connections : 0;
    return Math.floor((connections + options.threads - 1 - thread) / options.threads);
  }

  /** Every thread goes through the whole plan, so that what is planned does not depend on how many there are. */
  #sendByPlan(nextMoment: () => number): void {
    const { threads } = this.#options.options;
    let index = this.#options.thread;
    let gone = 0;
    this.#stopPlan = followPlan({
      nextMs: () => {
        let moment = nextMoment();
        for (; gone < index; gone++) moment = nextMoment();
        gone++;
        return this.#startMs + moment;
      },
      onArrival: (plannedMs, nowMs) => {
        this.#tally.planned(plannedMs);
        this.#tally.lag(nowMs - plannedMs);
        this.#send(index, plannedMs);
        index += threads;
      },
      onEnd: () => (this.#hasSentAll = true),
    });
  }

  #sendByLanes(): void {
    const { threads, durationMs } = this.#options.options;
    const endMs = this.#startMs + durationMs;
    const followedMax = FOLLOWED_MAX / threads;
    let index = this.#options.thread;
    let lanes = this.#lanes();
    const ask = (): void => {
      const nowMs = systemClock.monotonicMs();
      if (nowMs >= endMs || this.#hasSentAll) {
        if (--lanes === 0) this.#hasSentAll = true;
        return;
      }
      // Asks again once there is room.
      if (this.#awaited >= followedMax) return void setTimeout(ask, SWEEP_MS);
      this.#tally.planned(nowMs);
      this.#send(index, nowMs, ({ kind }) => {
        if (kind === 'broken') setTimeout(ask, REFUSED_PAUSE_MS);
        else ask();
      });
      index += threads;
      return undefined;
    };
    if (lanes === 0) this.#hasSentAll = true;
    for (let i = lanes; i > 0; i--) ask();
  }

  #send(index: number, plannedMs: number, onEnd?: (end: ExchangeEnd) => void): void {
    const { callbackUrl, options } = this.#options;
    const arrival = this.#arrivalAt(index);
    const { door, caller, url, asked } = arrival;
    const { submissions, text } = this.#services[url]!;
    if (
      submissions.waiting * options.threads >= UNSENT_MAX ||
      this.#awaited * options.threads >= FOLLOWED_MAX
    )
      return this.#tally.dropped();
    this.#awaited++;
    this.#tally.submitted(door.endpoint, caller);
    const body = door.body(asked.number, callbackUrl);
    submissions.exchange(text.post(door.path, this.#callers[caller]!, body), (end) => {
      this.#submitted(arrival, plannedMs, end);
      onEnd?.(end);
    });
    return undefined;
  }

  #submitted(arrival: Arrival, plannedMs: number, end: ExchangeEnd): void {
    this.#awaited--;
    const nowMs = systemClock.monotonicMs();
    let reason = failureReason(end);
    let accepted: Accepted | undefined;
    if (end.kind === 'answered' && reason === undefined) {
      try {
        accepted = arrival.door.read(end.body.toString());
      } catch {
        reason = MALFORMED_ANSWER;
      }
    }
    this.#tally.ended(arrival.door.endpoint, reason, plannedMs, nowMs);
    if (accepted === undefined || end.kind === 'broken') return;
    this.#tally.accepted();
    if (accepted.kind === 'ended') this.#settle(arrival, plannedMs, accepted.result, nowMs);
    else this.#follow(arrival, plannedMs, accepted, end.head, nowMs);
  }

  #follow(
    arrival: Arrival,
    plannedMs: number,
    { path, requestId }: Extract<Accepted, { readonly kind: 'pending' }>,
    head: string,
    nowMs: number,
  ): void {
    const open = { caller: arrival.caller, acceptedMs: nowMs, tellsStart: requestId !== undefined };
    this.#open.add(open);
    const byCallback = arrival.door.callsBack && this.#options.options.wait === 'callback';
    if (arrival.door.callsBack && requestId !== undefined) {
      this.#awaited++;
      this.#match.promise(requestId, nowMs, ({ result, atMs }) => {
        this.#awaited--;
        if (byCallback) {
          this.#open.delete(open);
          this.#settle(arrival, plannedMs, result, atMs);
        } else this.#judgeAgain(arrival, result);
      });
    }
    if (byCallback) return;
    this.#awaited++;
    this.#watches[arrival.url]!.watch(
      {
        path,
        isBatch: requestId === undefined,
        onEnd: (result, endMs) => {
          this.#awaited--;
          this.#open.delete(open);
          if (result === undefined) this.#tally.lost();
          else this.#settle(arrival, plannedMs, result, endMs);
        },
      },
      head,
    );
  }

  #settle({ asked, caller }: Arrival, plannedMs: number, result: ToldResult, nowMs: number): void {
    const verdict = judgeResult(result, asked, this.#options.kernel);
    switch (verdict.kind) {
      case 'right':
        return this.#tally.done(caller, plannedMs, nowMs, result);
      case 'lost':
        return this.#tally.lost();
      case 'wrong':
        return this.#tally.wrong(verdict.why, true);
      case 'partial':
        return this.#tally.partial(caller, result);
    }
  }

  /** A callback of what is learned of by asking must be right as well. */
  #judgeAgain({ asked }: Arrival, result: ToldResult): void {
    const verdict = judgeResult(result, asked, this.#options.kernel);
    if (verdict.kind === 'wrong') this.#tally.wrong(`${verdict.why} (in its callback)`, false);
  }

  #sweep(): void {
    const { durationMs, graceMs, wait } = this.#options.options;
    for (const { submissions, questions } of this.#services) {
      submissions.expire(ANSWER_MS_MAX, TIMED_OUT);
      if (wait !== 'events') questions.expire(ANSWER_MS_MAX, TIMED_OUT);
    }
    const isOver = systemClock.monotonicMs() >= this.#startMs + durationMs + graceMs;
    if (isOver || (this.#hasSentAll && this.#awaited === 0)) this.stop();
  }
}
