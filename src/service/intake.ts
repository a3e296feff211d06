/** Acceptance: numbers become requests, durable before anybody is told, and then wait their turn. */
import type { Clock } from '../base/clock.ts';
import { UnderWay } from '../base/under-way.ts';
import type { Factor } from '../domain/factorization.ts';
import { IDEMPOTENCY_TTL_MS, TIMELINE_EVENTS_MAX } from '../domain/limits.ts';
import { nextSeq, SEQ_STRIDE } from '../domain/request-id.ts';
import type { NewRequest, StoredRequest } from '../domain/request.ts';
import { StoreError, type NewBatch, type Store } from '../store/store.ts';
import type { Pager } from './pager.ts';
import type { AcceptInput } from './service.ts';

export interface IntakeParts {
  readonly store: Pick<Store, 'accept' | 'get' | 'requeue'>;
  readonly pager: Pick<Pager, 'admit' | 'accepted' | 'left'>;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Whose sequence numbers are given out, 0 to 15. */
  readonly shard: number;
  readonly newToken: () => string;
  /** Requests of a caller have come to wait after the call that accepted them. */
  readonly onArrived: (callerId: string) => void;
  /** A request has turned out to be done after the call that accepted it. */
  readonly onKnown: (stored: StoredRequest) => void;
  readonly onFatal: (error: unknown) => void;
}

type Known = readonly (readonly Factor[] | undefined)[];

export type Accepted =
  | { readonly kind: 'accepted'; readonly requests: readonly StoredRequest[]; readonly replayed: boolean }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'full' }
  /** Its caller's requests that wait take more room than this, which is all that they may. */
  | { readonly kind: 'crowded'; readonly bytesMax: number }
  /** Too much is arriving at once. */
  | { readonly kind: 'busy' }
  /** The store does not answer. */
  | { readonly kind: 'silent' };

/**
 * `true`: queued again; `false`: it was not `partial` any more, or its callback is still due; `full`: there is no room to write it
 * down; `busy`: the store does not answer.
 */
export type Requeued = boolean | 'full' | 'busy';

export class Intake {
  readonly #parts: IntakeParts;
  readonly #requeuing = new Map<number, Promise<Requeued>>();
  /** Requests of large batches that are accepted and not written yet, each with when all of its batch are. */
  readonly #arriving = new Map<number, { readonly stored: StoredRequest; readonly written: Promise<void> }>();
  readonly #writing = new UnderWay();
  #lastSeq = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** New requests get sequence numbers above `seq`: the clock may have gone back since the store was written. */
  startAfter(seq: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq);
  }

  /** The first of `count` sequence numbers, `SEQ_STRIDE` apart, that nobody has been given before. */
  reserve(count: number): number {
    const { clock, shard } = this.#parts;
    const first = nextSeq(this.#lastSeq, clock.wallMs(), shard);
    this.#lastSeq = first + (count - 1) * SEQ_STRIDE;
    return first;
  }

  /** `urgent`: its client waits inline. */
  async accept(
    { callerId, mode, numbers, callbackUrl, ttlMs, idempotency }: AcceptInput,
    urgent: boolean,
  ): Promise<Accepted> {
    const { store, pager, clock, newToken } = this.#parts;
    const acceptedAtMs = clock.wallMs();
    const before = this.#lastSeq;
    const first = this.reserve(numbers.length);
    const last = this.#lastSeq;
    // Versions of values would run ahead of the clock with numbers that nothing has.
    const giveBack = (): void => {
      if (this.#lastSeq === last) this.#lastSeq = before;
    };
    const token = newToken();
    const keep = mode === 'values' && (ttlMs === undefined ? {} : { expiresAtMs: acceptedAtMs + ttlMs });
    const requests = numbers.map((number, i): NewRequest => {
      const seq = first + i * SEQ_STRIDE;
      const ordinal = pager.admit(callerId, seq);
      return {
        seq,
        token,
        callerId,
        mode,
        number: String(number),
        acceptedAtMs,
        ordinal,
        ...(callbackUrl !== undefined && { callbackUrl }),
        ...(keep && { keep }),
      };
    });
    const batch: NewBatch = idempotency
      ? { requests, idempotency: { ...idempotency, expiresAtMs: acceptedAtMs + IDEMPOTENCY_TTL_MS } }
      : { requests };
    const outcome = await store.accept(batch).catch((error: unknown) => {
      for (const request of requests) pager.left(request);
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      giveBack();
      return { kind: refusal };
    });
    if (outcome.kind === 'full') return outcome;
    if (outcome.kind === 'busy') return { kind: (await this.#isSilent(first)) ? 'silent' : 'busy' };
    if (outcome.kind === 'accepted') {
      const { known, rest } = outcome;
      const stored = requests.map((request, i) => asStored(request, known[i]));
      for (const request of rest ? stored.slice(0, known.length) : stored) this.#settle(request, urgent);
      if (rest) this.#settleLater(stored.slice(known.length), rest, urgent);
      return { kind: 'accepted', requests: stored, replayed: false };
    }
    giveBack();
    for (const request of requests) pager.left(request);
    return outcome.kind === 'replayed'
      ? { kind: 'accepted', requests: outcome.requests, replayed: true }
      : outcome;
  }

  /** A request that is accepted and that the store does not show yet. */
  arriving(seq: number): StoredRequest | undefined {
    return this.#arriving.get(seq)?.stored;
  }

  /** All of these. */
  get allArriving(): StoredRequest[] {
    return Array.from(this.#arriving.values(), ({ stored }) => stored);
  }

  /** How many are accepted that the store does not show yet. */
  get arrivingCount(): number {
    return this.#arriving.size;
  }

  /** Resolves when the store shows a request, if it was accepted here. */
  async shown(seq: number): Promise<void> {
    await this.#arriving.get(seq)?.written;
  }

  /** Resolves when the store shows all that was accepted. */
  idle(): Promise<void> {
    return this.#writing.idle();
  }

  /** Settles the later requests of a large batch once they are written. */
  #settleLater(requests: readonly StoredRequest[], rest: Promise<Known>, urgent: boolean): void {
    const written = this.#writing.add(this.#settleWritten(requests, rest, urgent));
    for (const stored of requests) this.#arriving.set(stored.seq, { stored, written });
  }

  async #settleWritten(
    requests: readonly StoredRequest[],
    rest: Promise<Known>,
    urgent: boolean,
  ): Promise<void> {
    const { onArrived, onKnown, onFatal } = this.#parts;
    const known = await rest.catch((error: unknown) => {
      // The store says by itself that it has failed, or what it has no room to write; the next start writes them.
      if (!(error instanceof StoreError)) onFatal(error);
      return undefined;
    });
    if (!known) return;
    for (const [i, request] of requests.entries()) {
      const stored = asStored(request, known[i]);
      this.#arriving.delete(request.seq);
      this.#settle(stored, urgent);
      if (stored.state.kind !== 'queued') onKnown(stored);
    }
    onArrived(requests[0]?.callerId ?? '');
  }

  /** A store that refuses a batch as busy has too many of them, or does not answer: then it does not tell of `seq` either. */
  async #isSilent(seq: number): Promise<boolean> {
    try {
      await this.#parts.store.get([seq]);
      return false;
    } catch (error) {
      if (!(error instanceof StoreError) || !error.retryable) throw error;
      return true;
    }
  }

  /** Puts a `partial` request back in the queue, unless its callback is still due. Several calls at once are one. */
  requeue(stored: StoredRequest): Promise<Requeued> {
    const underWay = this.#requeuing.get(stored.seq);
    if (underWay) return underWay;
    const requeuing = this.#requeue(stored).finally(() => this.#requeuing.delete(stored.seq));
    this.#requeuing.set(stored.seq, requeuing);
    return requeuing;
  }

  async #requeue(stored: StoredRequest): Promise<Requeued> {
    const { store, pager, clock } = this.#parts;
    const ordinal = pager.admit(stored.callerId, stored.seq);
    const timeline = [...stored.timeline, { event: 'resumed', atMs: clock.wallMs() } as const].slice(
      -TIMELINE_EVENTS_MAX,
    );
    const done = await store.requeue(stored.seq, ordinal, timeline).catch((error: unknown) => {
      pager.left({ ...stored, ordinal });
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      return refusal;
    });
    if (done === 'full' || done === 'busy') return done;
    const { state } = stored;
    const known = state.kind === 'partial' && { cpuMs: state.cpuMs, factors: state.factors };
    const queued: StoredRequest = {
      ...stored,
      ordinal,
      timeline,
      state: { kind: 'queued', ...known },
      ...(stored.callbackUrl !== undefined && { delivery: { status: 'pending', attempts: 0 } }),
    };
    if (done) this.#settle(queued, false);
    else pager.left({ ...stored, ordinal });
    return done;
  }

  #settle(stored: StoredRequest, urgent: boolean): void {
    if (stored.state.kind === 'queued') this.#parts.pager.accepted(stored, urgent);
    else this.#parts.pager.left(stored);
  }
}

/** Undefined: it does not pass by itself. */
function refusalOf(error: unknown): 'full' | 'busy' | undefined {
  if (!(error instanceof StoreError) || !error.retryable) return undefined;
  return error.code === 'busy' ? 'busy' : 'full';
}

function asStored(request: NewRequest, known: readonly Factor[] | undefined): StoredRequest {
  if (!known) {
    const queued = { ...request, state: { kind: 'queued' }, timeline: [] } as const;
    return request.callbackUrl === undefined
      ? queued
      : { ...queued, delivery: { status: 'pending', attempts: 0 } };
  }
  const atMs = request.acceptedAtMs;
  return {
    ...request,
    state: { kind: 'done', factors: known, finishedAtMs: atMs, cpuMs: 0 },
    timeline: [{ event: 'finished', atMs, status: 'done', source: 'known' }],
  };
}
