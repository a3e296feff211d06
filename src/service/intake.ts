/**
 * Acceptance: numbers become requests, durable before anybody is told, and then wait their turn.
 *
 * Also the other way in: the pages of the backlog that the store holds, read as the windows in memory empty.
 */
import type { Clock } from '../base/clock.ts';
import type { Factor } from '../domain/factorization.ts';
import { IDEMPOTENCY_TTL_MS, TIMELINE_EVENTS_MAX } from '../domain/limits.ts';
import { nextSeq } from '../domain/request-id.ts';
import type { NewRequest, StoredRequest } from '../domain/request.ts';
import type { Backlog } from '../scheduler/backlog.ts';
import type { Entry } from '../scheduler/entry.ts';
import type { FairScheduler } from '../scheduler/fair-scheduler.ts';
import { StoreError, type NewBatch, type Store } from '../store/store.ts';
import type { CostModel } from './cost-model.ts';
import type { LiveRequest } from './live-job.ts';
import type { LiveSet } from './live-set.ts';
import type { AcceptInput } from './service.ts';

export interface IntakeParts {
  readonly store: Store;
  readonly scheduler: FairScheduler;
  readonly backlog: Backlog;
  readonly live: LiveSet;
  readonly costs: CostModel;
  readonly clock: Clock;
  readonly newToken: () => string;
  readonly batchMs: number;
  /** New work is in the scheduler. */
  readonly onLoaded: () => void;
}

export type Accepted =
  | { readonly kind: 'accepted'; readonly requests: readonly StoredRequest[]; readonly replayed: boolean }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'full' };

export class Intake {
  readonly #parts: IntakeParts;
  #lastSeq = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  async accept({ callerId, mode, numbers, idempotency }: AcceptInput): Promise<Accepted> {
    const { store, backlog, clock, newToken } = this.#parts;
    const acceptedAtMs = clock.wallMs();
    const first = nextSeq(this.#lastSeq, acceptedAtMs);
    this.#lastSeq = first + numbers.length - 1;
    const token = newToken();
    const requests = numbers.map((number, i): NewRequest => {
      const seq = first + i;
      const ordinal = backlog.admit(callerId, seq);
      return { seq, token, callerId, mode, number: String(number), acceptedAtMs, ordinal };
    });
    const batch: NewBatch = idempotency
      ? { requests, idempotency: { ...idempotency, expiresAtMs: acceptedAtMs + IDEMPOTENCY_TTL_MS } }
      : { requests };
    const outcome = await store.accept(batch).catch((error: unknown) => {
      if (error instanceof StoreError && error.code === 'full') return { kind: 'full' } as const;
      throw error;
    });
    if (outcome.kind === 'accepted') {
      const stored = requests.map((request, i) => asStored(request, outcome.known[i]));
      for (const request of stored) this.#settle(request);
      return { kind: 'accepted', requests: stored, replayed: false };
    }
    const written = new Set(outcome.kind === 'replayed' ? outcome.written : []);
    for (const request of requests) backlog.left(request);
    if (outcome.kind === 'replayed') outcome.requests.filter(({ seq }) => written.has(seq)).forEach((r) => this.#settle(r));
    return outcome.kind === 'replayed' ? { kind: 'accepted', requests: outcome.requests, replayed: true } : outcome;
  }

  /** Puts a `partial` request back in the queue. False if it is not `partial` any more. */
  async requeue(stored: StoredRequest): Promise<boolean> {
    const { store, backlog, clock } = this.#parts;
    const ordinal = backlog.admit(stored.callerId, stored.seq);
    const timeline = [...stored.timeline, { event: 'resumed', atMs: clock.wallMs() } as const].slice(-TIMELINE_EVENTS_MAX);
    const done = await store.requeue(stored.seq, ordinal, timeline);
    const queued: StoredRequest = { ...stored, ordinal, timeline, state: { kind: 'queued' } };
    if (done) this.#settle(queued);
    else backlog.left({ ...stored, ordinal });
    return done;
  }

  /** Reads pages of the backlog for as long as windows are low. */
  async readPages(): Promise<void> {
    const { store, backlog } = this.#parts;
    for (let pages = backlog.demand(); pages.length > 0; pages = backlog.demand()) {
      const rows = await store.queued(pages).catch((error: unknown) => {
        for (const page of pages) backlog.failed(page);
        throw error;
      });
      for (const [i, page] of pages.entries()) {
        for (const stored of backlog.arrived(page, rows[i] ?? [])) this.#load(stored);
      }
      this.#parts.onLoaded();
    }
  }

  /** A request is durable: if it waits, it is loaded now or left to the store until its turn is near. */
  #settle(stored: StoredRequest): void {
    const { backlog } = this.#parts;
    if (stored.state.kind !== 'queued') backlog.left(stored);
    else if (backlog.accepted(stored, stored.mode === 'sync')) this.#load(stored);
  }

  #load(stored: StoredRequest): void {
    const { live, scheduler } = this.#parts;
    if (!live.get(stored.seq)) scheduler.add(this.#entryOf(live.add(stored)));
  }

  #entryOf({ stored, job }: LiveRequest): Entry {
    const { costs, batchMs } = this.#parts;
    const expectedMs = costs.expectedMs(job.value, job.number);
    return {
      seq: stored.seq,
      callerId: stored.callerId,
      job: job.number,
      estimateMs: job.small ? Math.min(expectedMs, batchMs) : Math.max(expectedMs, batchMs * 1.01),
      placeBytes: job.placeBytes,
      urgent: stored.mode === 'sync',
    };
  }
}

function asStored(request: NewRequest, known: readonly Factor[] | undefined): StoredRequest {
  if (!known) return { ...request, state: { kind: 'queued' }, timeline: [] };
  const atMs = request.acceptedAtMs;
  return {
    ...request,
    state: { kind: 'done', factors: known, finishedAtMs: atMs, cpuMs: 0 },
    timeline: [{ event: 'finished', atMs, status: 'done', source: 'known' }],
  };
}
