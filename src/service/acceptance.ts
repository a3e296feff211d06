/**
 * The way in for requests: quotas, idempotency keys, and a store that has room or not.
 *
 * Invariant: what is refused, or repeats what was accepted, is not charged to a quota.
 */
import type { Clock } from '../base/clock.ts';
import { hasEnded, type StoredRequest } from '../domain/request.ts';
import type { AcceptedKeys } from './accepted-keys.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Accepted, Intake } from './intake.ts';
import type { LiveSet } from './live-set.ts';
import type { Lookups } from './lookups.ts';
import type { RefuseNewcomer } from './newcomers.ts';
import type { Pager } from './pager.ts';
import type { Quotas } from './quotas.ts';
import type { RoomWatch } from './room-watch.ts';
import type { AcceptInput, AcceptResult } from './service.ts';
import { BUSY, NO_ROOM, STOPPING, STORE_SILENT } from './unavailable.ts';

/** When it makes sense to look again whether enough of what its caller has waiting has ended. */
const CROWDED_RETRY_MS = 2_000;

export interface AcceptanceParts {
  readonly clock: Clock;
  readonly quotas: Quotas;
  readonly refuseNewcomer: RefuseNewcomer;
  readonly keys: AcceptedKeys;
  readonly intake: Intake;
  readonly room: RoomWatch;
  readonly live: LiveSet;
  readonly lookups: Lookups;
  readonly pager: Pager;
  readonly dispatcher: Pick<Dispatcher, 'arrived'>;
  /** Aborts when nothing more is accepted. */
  readonly closing: AbortSignal;
}

export interface TakeOptions {
  /** Its client waits inline: all are loaded, whatever waits before them. */
  readonly urgent: boolean;
}

export type Taken =
  | { readonly kind: 'accepted'; readonly requests: readonly StoredRequest[]; readonly replayed: boolean }
  | Exclude<AcceptResult, { readonly kind: 'accepted' }>;

export class Acceptance {
  readonly #parts: AcceptanceParts;
  /** Requests accepted since the start. */
  count = 0;

  constructor(parts: AcceptanceParts) {
    this.#parts = parts;
  }

  async accept(input: AcceptInput, urgent = false): Promise<AcceptResult> {
    const { live, lookups, quotas } = this.#parts;
    const taken = await this.take(input, { urgent });
    if (taken.kind !== 'accepted') return taken;
    const requests = taken.requests.map((stored) => {
      const present = live.get(stored.seq);
      return lookups.view(present ? { live: present } : { stored });
    });
    return { ...taken, requests, quotas: quotas.of(input.callerId) };
  }

  async acceptInline(input: AcceptInput, waitMs: number, signal: AbortSignal): Promise<AcceptResult> {
    const { clock, lookups, pager } = this.#parts;
    const startMs = clock.monotonicMs();
    const result = await this.accept(input, waitMs > 0 && !signal.aborted);
    const [first] = result.kind === 'accepted' ? result.requests : [];
    if (first === undefined || result.kind !== 'accepted' || hasEnded(first.status)) return result;
    const leftMs = waitMs - (clock.monotonicMs() - startMs);
    await lookups.ended(first.requestId, leftMs, signal);
    const found = await lookups.find(first.requestId);
    if (found && 'live' in found && found.live.phase === 'waiting') pager.demoted(found.live);
    return found ? { ...result, requests: [lookups.view(found)] } : result;
  }

  /** Accepts, and gives what is stored. */
  async take(input: AcceptInput, { urgent }: TakeOptions): Promise<Taken> {
    const { quotas, refuseNewcomer, keys, room, dispatcher, closing } = this.#parts;
    if (closing.aborted) return STOPPING;
    const { callerId, numbers } = input;
    const refusal =
      refuseNewcomer(callerId, { request: true, callback: input.callbackUrl !== undefined }) ??
      quotas.charge(callerId, numbers.length);
    if (refusal && !(await keys.has(input))) return refusal;
    const accepted = await this.#write(input, urgent, refusal === undefined);
    if (accepted.kind === 'busy') return BUSY;
    if (accepted.kind === 'silent') return STORE_SILENT;
    if (accepted.kind === 'full') {
      room.refused();
      return NO_ROOM;
    }
    if (accepted.kind === 'crowded')
      return {
        kind: 'quota_exceeded',
        name: 'store-bytes',
        limit: accepted.bytesMax,
        quotas: quotas.of(callerId),
        retryAfterMs: CROWDED_RETRY_MS,
      };
    if (accepted.kind === 'conflict') return accepted;
    keys.add(input, accepted.requests);
    dispatcher.arrived(callerId);
    if (!accepted.replayed) this.count += accepted.requests.length;
    return accepted;
  }

  /** Where it comes to nothing new, what was charged for it is given back. */
  async #write(input: AcceptInput, urgent: boolean, isCharged: boolean): Promise<Accepted> {
    const { quotas, intake } = this.#parts;
    let isNew = false;
    try {
      const accepted = await intake.accept(input, urgent);
      isNew = accepted.kind === 'accepted' && !accepted.replayed;
      return accepted;
    } finally {
      if (isCharged && !isNew) quotas.refund(input.callerId, input.numbers.length);
    }
  }
}
