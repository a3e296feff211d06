/**
 * What may be done to a request once it is accepted: cancel it, resume it, have its callback sent again.
 *
 * Invariants:
 *   C1. What is refused, or changes nothing, is not charged; several resumptions at once are one, charged once.
 *   C2. No end goes untold: a request is not resumed while the callback of its last end is pending.
 *   C3. One callback is not made due again while an attempt of it is due and not over: at most one more attempt for each redelivery.
 *   C4. Once nothing more is accepted, nothing changes: what the store holds may be on its way to another one. What it
 *       does not hold, or no more, is not found even then.
 */
import type { Clock } from '../base/clock.ts';
import { within } from '../base/within.ts';
import { parseRequestId } from '../domain/request-id.ts';
import { hasEnded, type StoredRequest } from '../domain/request.ts';
import { StoreError, type Store } from '../store/store.ts';
import { withEvents } from './callback-attempt.ts';
import type { Deliveries } from './deliveries.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Intake } from './intake.ts';
import type { LiveRequest } from './live-job.ts';
import type { LiveSet } from './live-set.ts';
import type { Lookups } from './lookups.ts';
import type { RefuseNewcomer } from './newcomers.ts';
import type { Pager } from './pager.ts';
import type { Quotas } from './quotas.ts';
import type { RoomWatch } from './room-watch.ts';
import type { ChangeResult } from './service.ts';
import { NO_ROOM, STOPPING, STORE_SILENT } from './unavailable.ts';

export interface ChangeParts {
  readonly store: Pick<Store, 'get' | 'redeliver'>;
  readonly clock: Pick<Clock, 'wallMs' | 'after'>;
  readonly live: Pick<LiveSet, 'get' | 'add'>;
  readonly lookups: Pick<Lookups, 'find' | 'lookUp' | 'view' | 'ended' | 'remember'>;
  readonly pager: Pick<Pager, 'hold'>;
  readonly intake: Pick<Intake, 'arriving' | 'requeue' | 'shown'>;
  readonly quotas: Quotas;
  readonly refuseNewcomer: RefuseNewcomer;
  readonly dispatcher: Pick<Dispatcher, 'cancel' | 'pump'>;
  readonly deliveries: Pick<Deliveries, 'revive' | 'due'>;
  readonly room: Pick<RoomWatch, 'isFull'>;
  /** Aborts when nothing more is accepted. */
  readonly closing: AbortSignal;
}

/** How long a cancellation may wait for the disk. */
const CHANGE_MS_MAX = 1_500;

export class Changes {
  readonly #parts: ChangeParts;
  /** Resumptions and redeliveries under way, by sequence number: several calls at once are one. */
  readonly #resuming = new Map<number, Promise<ChangeResult>>();
  readonly #redelivering = new Map<number, Promise<ChangeResult>>();

  readonly #underWay = new Set<Promise<ChangeResult>>();

  constructor(parts: ChangeParts) {
    this.#parts = parts;
  }

  cancel(requestId: string): Promise<ChangeResult> {
    return this.#unlessClosing(requestId, () => this.#cancel(requestId));
  }

  resume(requestId: string): Promise<ChangeResult> {
    return this.#unlessClosing(requestId, () => this.#resumeOnce(requestId));
  }

  redeliver(requestId: string): Promise<ChangeResult> {
    return this.#unlessClosing(requestId, () => this.#redeliverOnce(requestId));
  }

  /** Resolves when none that was begun is under way any more. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #unlessClosing(requestId: string, change: () => Promise<ChangeResult>): Promise<ChangeResult> {
    if (this.#parts.closing.aborted)
      return (await this.#isStored(requestId)) ? STOPPING : { kind: 'not_found' };
    const changing = change();
    this.#underWay.add(changing);
    try {
      return await changing;
    } finally {
      this.#underWay.delete(changing);
    }
  }

  /** By the store alone: memory may know requests that were handed over. */
  async #isStored(requestId: string): Promise<boolean> {
    const id = parseRequestId(requestId);
    if (!id) return false;
    const [stored] = await this.#parts.store.get([id.seq]);
    return stored?.token === id.token;
  }

  async #cancel(requestId: string): Promise<ChangeResult> {
    const { clock, lookups, intake, dispatcher, room, closing } = this.#parts;
    const id = parseRequestId(requestId);
    if (id && intake.arriving(id.seq)) {
      await within(CHANGE_MS_MAX, intake.shown(id.seq), () => undefined, clock, closing);
      // It is accepted, and there is no room to write it down.
      if (intake.arriving(id.seq)) return closing.aborted ? STOPPING : room.isFull ? NO_ROOM : STORE_SILENT;
    }
    const found = await lookups.find(requestId);
    if (!found) return { kind: 'not_found' };
    if ('stored' in found && found.stored.state.kind !== 'queued') {
      return { kind: 'refused', request: lookups.view(found) };
    }
    const live = 'live' in found ? found.live : this.#hold(found.stored);
    if (live.phase === 'waiting') dispatcher.cancel(live);
    // Also where it was ending anyway: whichever end came first is the one that is told.
    await lookups.ended(requestId, CHANGE_MS_MAX, closing);
    const request = await lookups.lookUp(requestId);
    if (!request) return { kind: 'not_found' };
    if (hasEnded(request.status))
      return { kind: request.status === 'cancelled' ? 'changed' : 'refused', request };
    if (closing.aborted) return STOPPING;
    return room.isFull ? NO_ROOM : STORE_SILENT;
  }

  async #resumeOnce(requestId: string): Promise<ChangeResult> {
    const { lookups } = this.#parts;
    const found = await lookups.find(requestId);
    if (!found) return { kind: 'not_found' };
    const stored = 'stored' in found ? found.stored : undefined;
    if (stored?.state.kind !== 'partial' || isUntold(stored))
      return { kind: 'refused', request: lookups.view(found) };
    const underWay = this.#resuming.get(stored.seq);
    if (underWay) return underWay;
    const resuming = this.#resume(requestId, stored).finally(() => this.#resuming.delete(stored.seq));
    this.#resuming.set(stored.seq, resuming);
    return resuming;
  }

  async #resume(requestId: string, stored: StoredRequest): Promise<ChangeResult> {
    const { lookups, intake, quotas, refuseNewcomer, dispatcher } = this.#parts;
    const refusal =
      refuseNewcomer(stored.callerId, { request: true, callback: stored.callbackUrl !== undefined }) ??
      quotas.charge(stored.callerId, 1);
    if (refusal) return refusal;
    const changed = await intake.requeue(stored);
    if (changed !== true) quotas.refund(stored.callerId, 1);
    if (changed === 'full') return NO_ROOM;
    if (changed === 'busy') return STORE_SILENT;
    dispatcher.pump();
    const request = await lookups.lookUp(requestId);
    if (!request) return { kind: 'not_found' };
    return { kind: changed ? 'changed' : 'refused', request };
  }

  async #redeliverOnce(requestId: string): Promise<ChangeResult> {
    const { clock, lookups } = this.#parts;
    const found = await lookups.find(requestId);
    if (!found) return { kind: 'not_found' };
    const stored = 'stored' in found ? found.stored : undefined;
    const dueAtMs = clock.wallMs();
    if (stored?.delivery?.sequence === undefined || isDueNow(stored, dueAtMs))
      return { kind: 'refused', request: lookups.view(found) };
    const underWay = this.#redelivering.get(stored.seq);
    if (underWay) return underWay;
    const redelivering = this.#redeliver(requestId, stored, dueAtMs).finally(() =>
      this.#redelivering.delete(stored.seq),
    );
    this.#redelivering.set(stored.seq, redelivering);
    return redelivering;
  }

  async #redeliver(requestId: string, stored: StoredRequest, dueAtMs: number): Promise<ChangeResult> {
    const { store, lookups, quotas, refuseNewcomer, deliveries } = this.#parts;
    const { callerId, seq, delivery } = stored;
    const refusal =
      refuseNewcomer(callerId, { request: false, callback: true }) ?? quotas.chargeRate(callerId, 1);
    if (refusal) return refusal;
    const timeline = withEvents(stored.timeline, [{ event: 'redelivery', atMs: dueAtMs }]);
    const done = await store.redeliver(seq, dueAtMs, timeline).catch((error: unknown) => {
      if (error instanceof StoreError && error.retryable)
        return error.code === 'busy' ? STORE_SILENT : NO_ROOM;
      throw error;
    });
    if (done !== true) quotas.refund(callerId, 1);
    if (typeof done === 'object') return done;
    if (!done) {
      const request = await lookups.lookUp(requestId);
      return request ? { kind: 'refused', request } : { kind: 'not_found' };
    }
    const now: StoredRequest = {
      ...stored,
      timeline,
      delivery: { ...delivery, status: 'pending', attempts: 0, dueAtMs },
    };
    lookups.remember(now);
    deliveries.revive(now);
    deliveries.due(now);
    return { kind: 'changed', request: lookups.view({ stored: now }) };
  }

  /** A request that waits in the store only, taken out of the paging since it is to end. Another call may have done so just now. */
  #hold(stored: StoredRequest): LiveRequest {
    const { live, pager } = this.#parts;
    const held = live.get(stored.seq);
    if (held) return held;
    pager.hold(stored);
    return live.add(stored);
  }
}

/** Whether its last end is still to be told. */
function isUntold({ delivery }: StoredRequest): boolean {
  return delivery?.status === 'pending' && delivery.sequence !== undefined;
}

/** Whether the first attempt since it ended, or was to be sent again, is due at `nowMs` and not over. */
function isDueNow({ delivery }: StoredRequest, nowMs: number): boolean {
  const { status, attempts, dueAtMs } = delivery ?? {};
  return status === 'pending' && attempts === 0 && dueAtMs !== undefined && dueAtMs <= nowMs;
}
