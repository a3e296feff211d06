/** One attempt to tell the end of a request to its callback URL, and what follows from its outcome. Pure but for the sending. */
import type { CallbackOutcome } from '../callbacks/callback-outcome.ts';
import { toAttemptOutcome } from '../callbacks/callback-outcome.ts';
import { nextStep, nextStepWhileHeld, type NextStep, type RetryPolicy } from '../callbacks/retry-policy.ts';
import type { Delivery, DeliveryEvent } from '../domain/delivery.ts';
import { TIMELINE_EVENTS_MAX } from '../domain/limits.ts';
import type { StoredRequest, TimelineEvent } from '../domain/request.ts';
import type { AttemptRecord } from '../store/store.ts';

/** A request whose callback is due, now or later. */
export type CalledRequest = StoredRequest & {
  readonly callbackUrl: string;
  readonly delivery: Delivery & { readonly sequence: number; readonly dueAtMs: number };
};

export function isCalled(stored: StoredRequest | undefined): stored is CalledRequest {
  return (
    stored?.callbackUrl !== undefined &&
    stored.delivery?.status === 'pending' &&
    stored.delivery.sequence !== undefined &&
    stored.delivery.dueAtMs !== undefined
  );
}

export type FinishedOutcome = Exclude<CallbackOutcome, { readonly kind: 'interrupted' | 'unable' }>;

/** What is written down after an attempt that began at `startedAtMs` and ended at `nowMs` (wall clock). */
export function afterAttempt(
  stored: CalledRequest,
  outcome: FinishedOutcome,
  { startedAtMs, nowMs, random }: { startedAtMs: number; nowMs: number; random: number },
  policy: RetryPolicy,
): AttemptRecord {
  const attempts = stored.delivery.attempts + 1;
  const next = nextStep(toAttemptOutcome(outcome), attempts, nowMs, random, policy);
  const attempted: DeliveryEvent = {
    event: 'attempted',
    atMs: startedAtMs,
    durationMs: outcome.wireMs,
    ...(outcome.kind === 'answered'
      ? { status: outcome.status }
      : { error: `${outcome.errorClass}: ${outcome.detail}` }),
    ...(next.kind === 'retry' && { nextAtMs: next.atMs }),
  };
  return {
    ...recordOf(stored, next, attempts, [attempted], nowMs),
    ...(next.kind === 'gone' && {
      endpointGone: { callerId: stored.callerId, url: stored.callbackUrl, atMs: nowMs },
    }),
  };
}

/** What is written down where the host is not called before `untilMs`: no attempt was made, and the timeline says nothing of it. */
export function whileHeld(
  stored: CalledRequest,
  { nowMs, untilMs }: { nowMs: number; untilMs: number },
  policy: RetryPolicy,
): AttemptRecord {
  const next = nextStepWhileHeld(heldSinceMs(stored), nowMs, untilMs, policy);
  return recordOf(stored, next, stored.delivery.attempts, [], nowMs, HELD_DEATHS);
}

/** What is written down where the URL has said that it takes no more. */
export function whileGone(stored: CalledRequest, nowMs: number): AttemptRecord {
  return recordOf(stored, { kind: 'gone' }, stored.delivery.attempts, [], nowMs);
}

const DEATHS = {
  gone: 'the endpoint is gone: it answered 410',
  dead: 'no attempt is left',
} as const;
const HELD_DEATHS = { ...DEATHS, dead: 'its host was not called for longer than all attempts take' } as const;

function recordOf(
  stored: CalledRequest,
  next: NextStep,
  attempts: number,
  events: readonly DeliveryEvent[],
  atMs: number,
  reasons: Readonly<Record<keyof typeof DEATHS, string>> = DEATHS,
): AttemptRecord {
  const { seq, delivery } = stored;
  const { sequence, shard, dueAtMs: wasDueAtMs } = delivery;
  const numbered = { sequence, ...(shard !== undefined && { shard }) };
  if (next.kind === 'retry') {
    const timeline = withEvents(stored.timeline, events);
    const pending = { ...numbered, status: 'pending', attempts, dueAtMs: next.atMs } as const;
    return { seq, wasDueAtMs, timeline, delivery: pending };
  }
  const status = next.kind === 'delivered' ? 'delivered' : 'dead';
  const end: DeliveryEvent =
    next.kind === 'delivered'
      ? { event: 'delivered', atMs }
      : { event: 'dead', atMs, reason: reasons[next.kind] };
  const timeline = withEvents(stored.timeline, [...events, end]);
  return { seq, wasDueAtMs, timeline, delivery: { ...numbered, status, attempts } };
}

/** Deliveries that are asked for again and again push their own older events out, and no others. */
export function withEvents(
  timeline: readonly TimelineEvent[],
  events: readonly DeliveryEvent[],
): TimelineEvent[] {
  const all = [...timeline, ...events];
  let surplus = all.length - TIMELINE_EVENTS_MAX;
  return surplus <= 0 ? all : all.filter((event) => !(isOfDelivery(event) && surplus-- > 0));
}

function isOfDelivery({ event }: TimelineEvent): boolean {
  return event === 'attempted' || event === 'delivered' || event === 'dead' || event === 'redelivery';
}

/** When the attempt that is held was due at first: what attempts took, and endpoints asked for, is no time that it was held. */
function heldSinceMs({ timeline, delivery }: CalledRequest): number {
  const last = timeline.findLast(
    ({ event }) => event === 'attempted' || event === 'redelivery' || event === 'finished',
  );
  return last?.event === 'attempted' ? (last.nextAtMs ?? last.atMs) : (last?.atMs ?? delivery.dueAtMs);
}
