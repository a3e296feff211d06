/**
 * Follows a request by asking for it again and again, each time letting the service hold the answer back (`Prefer: wait`).
 * An answer that was not held is not asked for twice without a pause, nor sent twice where it is the same (`If-None-Match`).
 */
import type { RequestBody } from '../contract/request-body.ts';
import { checkedRequest, isEnded } from './checked-request.ts';
import type { Connection } from './connection.ts';
import { retryAfterMs } from './retry-policy.ts';

export interface LongPollOptions {
  /** Whether the service should hold its answers until the request has ended, or until anything about it is new. */
  readonly until: 'end' | 'change';
  readonly signal?: AbortSignal | undefined;
  /** How long it is followed, in ms. */
  readonly timeoutMs?: number | undefined;
}

/** What the service is asked to hold an answer for; it may have a lower bound of its own. */
const HOLD_MS = 20_000;
/** An answer that came sooner than this was not held. */
const HELD_MS_MIN = 500;
/** Patience of the last look, at the end of the time. */
const LAST_PATIENCE_MS = 1_000;

/** Yields the request as it is, then as each answer shows it anew; returns after it has ended, or at the end of the time. */
export async function* longPoll(
  connection: Connection,
  requestId: string,
  { until, signal, timeoutMs = Infinity }: LongPollOptions,
): AsyncGenerator<RequestBody, void, undefined> {
  const { clock } = connection;
  const endMs = clock.monotonicMs() + timeoutMs;
  let tag: string | null = null;
  let quickAnswers = 0;
  for (;;) {
    const askedMs = clock.monotonicMs();
    const leftMs = endMs - askedMs;
    // With others standing in line for a place, everyone asks briefly and makes room.
    const holdMs = connection.isCrowded ? 0 : Math.max(0, Math.min(HOLD_MS, leftMs));
    // Held until something is new is what the tag means to a service that holds; a running request has news all the time.
    const known = holdMs === 0 || until === 'change' ? tag : null;
    const { headers, body } = await connection.send({
      method: 'GET',
      path: requestPath(requestId),
      headers: {
        prefer: `wait=${Math.floor(holdMs / 1000)}`,
        ...(known !== null && { 'if-none-match': known }),
      },
      signal,
      holdMs,
      patienceMs: Math.max(leftMs, LAST_PATIENCE_MS),
    });
    if (body !== undefined) {
      const request = checkedRequest(body);
      tag = headers.get('etag');
      yield request;
      if (isEnded(request)) return;
    }
    const answeredMs = clock.monotonicMs();
    if (leftMs <= 0) return;
    quickAnswers = answeredMs - askedMs < HELD_MS_MIN ? quickAnswers + 1 : 0;
    if (quickAnswers === 0) continue;
    const askedForMs = retryAfterMs(headers.get('retry-after'), clock.wallMs());
    const pauseMs = Math.max(askedForMs, connection.pollDelayMs(quickAnswers));
    await clock.pause(Math.max(0, Math.min(pauseMs, endMs - answeredMs)), signal);
  }
}

export function requestPath(requestId: string): string {
  return `requests/${encodeURIComponent(requestId)}`;
}
