/** Reading: a request by its id, now or once it has ended; and lists of them. */
import { RecentMap } from '../base/recent-map.ts';
import { parseRequestId, SEQ_STRIDE } from '../domain/request-id.ts';
import { hasEnded, type StoredRequest } from '../domain/request.ts';
import {
  StoreError,
  type BatchProgress,
  type BatchSpan,
  type ListQuery,
  type Store,
} from '../store/store.ts';
import type { LiveRequest } from './live-job.ts';
import type { LiveSet } from './live-set.ts';
import { mergedList } from './merged-list.ts';
import { watchedState, watchPauseMs } from './request-watch.ts';
import { viewOfLive, viewOfStored, type Outlook } from './request-view.ts';
import type { ListRequests, RequestList, RequestView } from './service.ts';
import { UnavailableError } from './unavailable-error.ts';
import { Waiters } from './waiters.ts';

export interface LookupParts {
  readonly store: Store;
  readonly live: LiveSet;
  /** What is accepted and not shown by the store yet. */
  readonly arriving: (seq: number) => StoredRequest | undefined;
  readonly allArriving: () => readonly StoredRequest[];
  /** Where a queued request stands. */
  readonly outlook: (stored: StoredRequest) => Outlook;
}

/** Where a request was found: in memory, or as the store has it. */
export type Found = { readonly live: LiveRequest } | { readonly stored: StoredRequest };

/** Ended requests kept in memory, since what has just ended is what is asked for most. */
const ENDED_CACHE = 10_000;
/** Requests that are read by one call of the store, so that nobody waits behind more of them. */
export const READ_ROWS_MAX = 500;

export class Lookups {
  readonly #parts: LookupParts;
  readonly #ended = new RecentMap<number, StoredRequest>(ENDED_CACHE);
  readonly #views = new WeakMap<StoredRequest, RequestView>();
  readonly #waiters = new Waiters();

  constructor(parts: LookupParts) {
    this.#parts = parts;
  }

  async find(requestId: string): Promise<Found | undefined> {
    const { live, store, arriving } = this.#parts;
    const id = parseRequestId(requestId);
    // Whatever shard it names: requests that were adopted keep their ids.
    if (!id) return undefined;
    const inMemory = (): Found | undefined => {
      const request = live.get(id.seq);
      if (request) return { live: request };
      const stored = this.#ended.get(id.seq) ?? arriving(id.seq);
      return stored && { stored };
    };
    let found = inMemory();
    if (!found) {
      const [stored] = await store.get([id.seq]);
      // It may have been loaded, or have ended, while the store was asked.
      found = inMemory() ?? (stored && { stored });
      if (stored && !live.get(id.seq)) this.remember(stored);
    }
    return found && tokenOf(found) === id.token ? found : undefined;
  }

  /** A request of this replica by its sequence number: as memory has it, or else as the store does. */
  async stored(seq: number): Promise<StoredRequest | undefined> {
    return this.#inMemory(seq) ?? (await this.#parts.store.get([seq]))[0];
  }

  /** Requests of this replica by their sequence numbers, in order, undefined for what is not here: like `stored`. */
  async storedAll(seqs: readonly number[]): Promise<(StoredRequest | undefined)[]> {
    const { store } = this.#parts;
    const found = new Map<number, StoredRequest>();
    const missing: number[] = [];
    for (const seq of seqs) {
      const stored = this.#inMemory(seq);
      if (stored) found.set(seq, stored);
      else missing.push(seq);
    }
    for (let i = 0; i < missing.length; i += READ_ROWS_MAX) {
      for (const stored of await store.get(missing.slice(i, i + READ_ROWS_MAX)))
        if (stored) found.set(stored.seq, this.#inMemory(stored.seq) ?? stored);
    }
    return seqs.map((seq) => found.get(seq));
  }

  /**
   * How far a batch is, as the store counts it; what it does not show yet is queued. Undefined where a request of the batch is not
   * here, or all of it never was.
   */
  async progress(batch: BatchSpan): Promise<BatchProgress | undefined> {
    const { store } = this.#parts;
    // Before the store counts: what is written meanwhile counts twice, but in no case not at all.
    const toCome = this.#toCome(batch);
    const { done, ended, ...found } = await store.batchProgress(batch);
    const here = found.queued + done + ended;
    // What is to come is the end of the batch: behind that, an id of more was made up.
    const isComing = toCome.lastSeq === batch.first.seq + (batch.count - 1) * SEQ_STRIDE;
    const isHere = here === batch.count || (here > 0 && isComing && here + toCome.count >= batch.count);
    if (!isHere) return undefined;
    const last = Math.max(found.lastQueuedSeq ?? 0, toCome.lastSeq);
    const queued = batch.count - done - ended;
    return { queued, done, ended, ...(queued > 0 && { lastQueuedSeq: last }) };
  }

  /** Those of a batch that are accepted and not shown by the store yet. */
  #toCome({ first, count }: BatchSpan): { readonly count: number; readonly lastSeq: number } {
    const { arriving } = this.#parts;
    let found = 0;
    let lastSeq = 0;
    for (let i = 0; i < count; i++) {
      const seq = first.seq + i * SEQ_STRIDE;
      if (arriving(seq)?.token !== first.token) continue;
      found++;
      lastSeq = seq;
    }
    return { count: found, lastSeq };
  }

  #inMemory(seq: number): StoredRequest | undefined {
    const { live, arriving } = this.#parts;
    return live.get(seq)?.stored ?? this.#ended.get(seq) ?? arriving(seq);
  }

  view(found: Found): RequestView {
    const { outlook } = this.#parts;
    if ('live' in found) return viewOfLive(found.live, outlook(found.live.stored));
    const { stored } = found;
    if (stored.state.kind === 'queued') return viewOfStored(stored, outlook(stored));
    // Made once, so that whoever renders it can also keep what it rendered.
    const view = this.#views.get(stored) ?? viewOfStored(stored);
    this.#views.set(stored, view);
    return view;
  }

  async lookUp(requestId: string): Promise<RequestView | undefined> {
    const found = await this.find(requestId);
    return found && this.view(found);
  }

  async wait(requestId: string, waitMs: number, signal: AbortSignal): Promise<RequestView | undefined> {
    const view = await this.lookUp(requestId);
    if (!view || hasEnded(view.status)) return view;
    await this.ended(requestId, waitMs, signal);
    return this.lookUp(requestId);
  }

  async *watch(requestId: string, signal: AbortSignal): AsyncIterable<RequestView> {
    let told = '';
    for (;;) {
      const view = await this.lookUp(requestId);
      if (!view || signal.aborted) return;
      const state = watchedState(view);
      if (state !== told) yield view;
      if (hasEnded(view.status)) return;
      told = state;
      await this.ended(requestId, watchPauseMs(view), signal);
    }
  }

  async list(query: ListRequests): Promise<RequestList> {
    if (query.status === 'running') return this.#running(query);
    // Before the store is asked: what is written meanwhile is found twice, but in no case not at all.
    const arriving = this.#arriving(query);
    const page = await this.#parts.store.list(asStoreQuery(query)).catch(rethrowCrowded);
    const requests = this.#viewsFor(page.requests, query);
    const shown = page.next === undefined ? { requests } : { requests, next: String(page.next) };
    if (arriving.length === 0) return shown;
    const asOfNow = arriving.map((stored) => this.#inMemory(stored.seq) ?? stored);
    return mergedList([shown, { requests: this.#viewsFor(asOfNow, query) }], query.limit);
  }

  /** As memory has them, or else as given; those that the query is for. */
  #viewsFor(requests: readonly StoredRequest[], { status }: ListRequests): RequestView[] {
    const views = requests.map((stored) => {
      const live = this.#parts.live.get(stored.seq);
      return this.view(live ? { live } : { stored });
    });
    return views.filter((view) => status === undefined || view.status === status);
  }

  /** Of those that the query is for and the store does not show yet, the newest, one more than a page has. */
  #arriving(query: ListRequests): StoredRequest[] {
    if (query.status !== undefined && query.status !== 'queued') return [];
    const found = this.#parts.allArriving().filter((stored) => isFor(stored, query));
    return found.toSorted((a, b) => b.seq - a.seq).slice(0, query.limit + 1);
  }

  /** Resolves once the request ends, or `ms` have passed, or `signal` aborts. */
  async ended(requestId: string, ms: number, signal: AbortSignal): Promise<void> {
    const id = parseRequestId(requestId);
    if (id) await this.endedSeq(id.seq, ms, signal);
  }

  /** The same, by its sequence number. */
  endedSeq(seq: number, ms: number, signal: AbortSignal): Promise<void> {
    return this.#waiters.wait(seq, ms, signal);
  }

  /** Keeps a request that has ended for good; a partial one may go on. */
  remember(stored: StoredRequest): void {
    const { kind } = stored.state;
    if (kind !== 'queued' && kind !== 'partial') this.#ended.set(stored.seq, stored);
  }

  /** Wakes those who wait for a request's end. */
  wake(seq: number): void {
    this.#waiters.wake(seq);
  }

  /** Sends every waiter away with what there is, and from now on whoever comes to wait. */
  release(): void {
    this.#waiters.close();
  }

  /** Running requests are all in memory. */
  #running(query: ListRequests): RequestList {
    const { limit } = query;
    const running = [...this.#parts.live.jobs()].filter((job) => job.startedAtMs !== undefined);
    const found = running
      .flatMap((job) => [...job.members])
      .filter(({ stored, guest }) => !guest && isFor(stored, query))
      .toSorted((a, b) => b.stored.seq - a.stored.seq);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const requests = page.map((live) => this.view({ live }));
    return last && found.length > limit ? { requests, next: String(last.stored.seq) } : { requests };
  }
}

/** Whether a request is one that a query is for, whatever its status. */
function isFor(stored: StoredRequest, { callerId, mode, delivery, cursor }: ListRequests): boolean {
  return (
    (cursor === undefined || stored.seq < Number(cursor)) &&
    (callerId === undefined || stored.callerId === callerId) &&
    (mode === undefined || stored.mode === mode) &&
    (delivery === undefined || stored.delivery?.status === delivery)
  );
}

/** Too many lists are being read: that passes soon. */
function rethrowCrowded(error: unknown): never {
  if (!(error instanceof StoreError) || error.code !== 'crowded') throw error;
  throw new UnavailableError('overloaded', 1_000, error.message, error);
}

function asStoreQuery({ callerId, mode, status, delivery, cursor, limit }: ListRequests): ListQuery {
  return {
    limit,
    ...(callerId !== undefined && { callerId }),
    ...(mode !== undefined && { mode }),
    ...(status !== undefined && status !== 'running' && { status }),
    ...(delivery !== undefined && { delivery }),
    ...(cursor !== undefined && { beforeSeq: Number(cursor) }),
  };
}

function tokenOf(found: Found): string {
  return 'live' in found ? found.live.stored.token : found.stored.token;
}
