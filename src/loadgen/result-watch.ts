/**
 * Learns how requests end, by asking: plainly, by long-polls, or over event streams. What is answered before the end, or not at all, is
 * asked again after a pause, as a client would, until the end; every exchange counts by itself, as succeeded or failed.
 */
import { systemClock } from '../base/clock.ts';
import { retryAfterMs } from '../client/retry-policy.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { failureReason, MALFORMED_ANSWER, NOT_ANSWERED } from './exchange-outcome.ts';
import type { ExchangeEnd } from './http-connection.ts';
import type { Wait } from './load-options.ts';
import type { LoadTally } from './load-tally.ts';
import type { RequestText } from './request-text.ts';
import { lastState, readRequest, readValue, type ToldResult } from './told-result.ts';

export type Asking = Exclude<Wait, 'callback'>;

/** Asked for by its path. */
export interface Watched {
  readonly path: string;
  /** Whether it is a batch of values, which has no event stream. */
  readonly isBatch: boolean;
  /** Told once: the result, or undefined if the service knows nothing of it. */
  readonly onEnd: (result: ToldResult | undefined, nowMs: number) => void;
}

interface Way {
  readonly suffix: string;
  readonly prefer: string | undefined;
  /** Whether an answer comes when there is news, so that the next question needs no pause. */
  readonly isHeld: boolean;
  readonly read: (text: string) => ReturnType<typeof readRequest>;
}

const LONG_POLL: Way = { suffix: '', prefer: 'wait=20', isHeld: true, read: readRequest };
const WAYS: Readonly<Record<Asking, Way>> = {
  poll: { suffix: '', prefer: undefined, isHeld: false, read: readRequest },
  'long-poll': LONG_POLL,
  events: {
    suffix: '/events',
    prefer: undefined,
    isHeld: true,
    read: (text) => readRequest(lastState(text)),
  },
};

/** An answer that came sooner than this was not held; one that did not come by then should have. */
const HELD_MS_MIN = 500;
const HELD_MS_MAX = 2_000;
/** Pauses where the service asks for none: they double up to the greatest. */
const PAUSE_MS = 50;
const PAUSE_MS_MAX = 2_000;
/** A service that asks for more is asked after so long: no timer takes more than 2^31 ms, and beyond it ends at once. */
const ASKED_MS_MAX = 3_600_000;
const RETRY_AFTER = /\r\nretry-after: *([^\r]+)/i;

export class ResultWatch {
  readonly #asking: Asking;
  readonly #tally: LoadTally;
  readonly #pool: ConnectionPool;
  readonly #text: RequestText;
  #hasEnded = false;

  constructor(asking: Asking, tally: LoadTally, pool: ConnectionPool, text: RequestText) {
    this.#asking = asking;
    this.#tally = tally;
    this.#pool = pool;
    this.#text = text;
  }

  /** `head` is that of the answer that accepted it. */
  watch(watched: Watched, head: string): void {
    this.#askAfter(watched, this.#wayOf(watched).isHeld ? 0 : pauseMs(head, 0), 0);
  }

  /** Nothing more is asked, and nothing told. */
  end(): void {
    this.#hasEnded = true;
  }

  #wayOf({ isBatch }: Watched): Way {
    return isBatch && this.#asking === 'events' ? LONG_POLL : WAYS[this.#asking];
  }

  #askAfter(watched: Watched, ms: number, pauses: number): void {
    if (ms === 0) this.#ask(watched, pauses);
    else setTimeout(() => this.#hasEnded || this.#ask(watched, pauses), ms);
  }

  #ask(watched: Watched, pauses: number): void {
    const { suffix, prefer } = this.#wayOf(watched);
    // Until it is sent: what waits for one of our own connections is no time of the service.
    let sentMs: number | undefined;
    let headMs: number | undefined;
    this.#pool.exchange(
      this.#text.get(watched.path + suffix, prefer),
      (end) => {
        // Never sent: the load ended before.
        if (sentMs !== undefined) this.#answered(watched, pauses, sentMs, headMs, end);
      },
      () => {
        sentMs = systemClock.monotonicMs();
        this.#tally.asked('GET result');
      },
      // A stream has answered when it has begun.
      this.#asking === 'events' ? () => (headMs = systemClock.monotonicMs()) : undefined,
    );
  }

  #answered(
    watched: Watched,
    pauses: number,
    sentMs: number,
    headMs: number | undefined,
    end: ExchangeEnd,
  ): void {
    const nowMs = systemClock.monotonicMs();
    const way = this.#wayOf(watched);
    const told = toldBy(end, watched, way);
    const isCutOff = end.kind === 'broken' && end.reason === NOT_ANSWERED;
    const isOpenStream = isCutOff && headMs !== undefined;
    // The service may hold it until then: that it was not waited for is our doing.
    if (isCutOff && way === LONG_POLL && nowMs - sentMs < HELD_MS_MAX)
      return this.#tally.withdrawn('GET result');
    this.#tally.ended('GET result', isOpenStream ? undefined : told.reason, sentMs, headMs ?? nowMs);
    if (this.#hasEnded) return undefined;
    if (told.kind === 'ended') return watched.onEnd(told.result, nowMs);
    const wasHeld = way.isHeld && told.reason === undefined && nowMs - sentMs >= HELD_MS_MIN;
    const head = end.kind === 'answered' ? end.head : '';
    return this.#askAfter(watched, wasHeld ? 0 : pauseMs(head, pauses), wasHeld ? 0 : pauses + 1);
  }
}

type Told =
  | { readonly kind: 'ended'; readonly reason: string | undefined; readonly result: ToldResult | undefined }
  | { readonly kind: 'pending'; readonly reason: string | undefined };

function toldBy(end: ExchangeEnd, { isBatch }: Watched, { read }: Way): Told {
  const reason = failureReason(end);
  if (end.kind === 'answered' && end.status === 404) return { kind: 'ended', reason, result: undefined };
  if (end.kind === 'broken' || reason !== undefined) return { kind: 'pending', reason };
  try {
    const told = isBatch ? readValue(end.body.toString()) : read(end.body.toString());
    return told.kind === 'ended'
      ? { kind: 'ended', reason, result: told.result }
      : { kind: 'pending', reason };
  } catch {
    return { kind: 'pending', reason: MALFORMED_ANSWER };
  }
}

/** What the answer asks for, or a pause that grows from one to the next. At most `ASKED_MS_MAX`. */
export function pauseMs(head: string, pauses: number): number {
  const asked = RETRY_AFTER.exec(head)?.[1];
  return asked === undefined
    ? Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** Math.min(pauses, 10))
    : Math.min(ASKED_MS_MAX, Math.max(PAUSE_MS, retryAfterMs(asked, systemClock.wallMs())));
}
