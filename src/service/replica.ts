/**
 * One replica: a store, a scheduler, W workers, and the use cases that join them. Everything here runs on one event loop;
 * nobody else writes the store, so what memory says of it is true.
 */
import { randomBytes } from '../base/random.ts';
import type { Clock } from '../base/clock.ts';
import { formatToken, TOKEN_BYTES } from '../domain/request-id.ts';
import { hasEnded, type StoredRequest } from '../domain/request.ts';
import { workKeys } from '../domain/work-key.ts';
import type { Engine } from '../engine/engine.ts';
import { MemoryPool } from '../engine/memory-pool.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { PAGE_BYTES } from '../kernel/page-bytes.ts';
import { Backlog } from '../scheduler/backlog.ts';
import { expectedWaitMs } from '../scheduler/expected-wait.ts';
import { FairScheduler } from '../scheduler/fair-scheduler.ts';
import type { CallbackOutcome } from '../callbacks/callback-outcome.ts';
import type { Store } from '../store/store.ts';
import { AcceptedKeys } from './accepted-keys.ts';
import type { CalledRequest } from './callback-attempt.ts';
import { Changes } from './changes.ts';
import { Deliveries, type DeliverySettings } from './deliveries.ts';
import { CostModel } from './cost-model.ts';
import { Dispatcher } from './dispatcher.ts';
import { Endings } from './endings.ts';
import { Intake } from './intake.ts';
import { Pager } from './pager.ts';
import { JobMemories } from './job-memories.ts';
import type { JobNeeds, LiveRequest } from './live-job.ts';
import { LiveSet } from './live-set.ts';
import { Lookups, type Found } from './lookups.ts';
import { viewOfStored, type Outlook } from './request-view.ts';
import { Quotas, type QuotaLimits } from './quotas.ts';
import type { ReplicaStats } from './replica-stats.ts';
import { untilRoom } from './patience.ts';
import { Retention } from './retention.ts';
import type {
  AcceptInput,
  AcceptResult,
  ChangeResult,
  ListRequests,
  RequestView,
  Service,
} from './service.ts';
import { BUSY, NO_ROOM, STOPPING } from './unavailable.ts';

export interface ReplicaOptions {
  readonly store: Store;
  readonly engine: Engine;
  readonly kernel: Pick<Kernel, 'isSmall' | 'memoryPages'>;
  readonly expectedCpuMs: (n: bigint) => number;
  readonly clock: Clock;
  readonly jobCpuMsMax: number;
  readonly parkedBytesMax: number;
  readonly storeBytesMax: number;
  readonly retentionMs: number;
  readonly weights: ReadonlyMap<string, number>;
  readonly callbacks: CallbackOptions;
  readonly quotas?: QuotaLimits;
  /** Whether equal numbers of different callers are computed once; true by default. As the store was opened. */
  readonly sharesWork?: boolean;
  /** Requests that the windows of all callers aim at together. */
  readonly loadedMax?: number;
  /** Something that this process can't go on with: it should end, and be started again. */
  readonly onFatal: (error: unknown) => void;
}

export interface CallbackOptions {
  /** Makes one attempt to tell the end of a request, and never rejects. `interrupted` if and only if `signal` aborted. */
  readonly send: (call: Callback, signal: AbortSignal) => Promise<CallbackOutcome>;
  readonly settings: DeliverySettings;
  readonly random: () => number;
  /** See `DeliveryParts`. */
  readonly busyShare: () => number;
}

/** What is to be told. */
export interface Callback {
  readonly url: string;
  /** The same at every attempt. */
  readonly id: string;
  readonly request: RequestView;
}

/** The store that this replica owns; there is one only. */
const SHARD = 0;
/** CPU time of one slice: nobody waits longer than this for a first service. */
const SLICE_MS = 50;
/** CPU time of small numbers that travel to a worker together. */
const BATCH_MS = 5;
/** CPU time that a job keeps its place for, once it has one. */
const RESIDENCY_MS = 5_000;

/** Requests in memory that wait, at about 2 KiB each; the others wait in the store. */
const LOADED_MAX = 16_384;
const WINDOWS = { pageMin: 1, pageMax: 512 };
const POOL_BYTES_MAX = 128 * 2 ** 20;
const NO_QUOTAS: QuotaLimits = { waiting: () => undefined, 'per-minute': () => undefined };
/** How often it is looked whether there is room again. */
const ROOM_EVERY_MS = 500;
/** Share of the store's bytes from which on the oldest ended requests go before their time. */
const PRUNE_ABOVE = 0.8;

export class Replica implements Service, AsyncDisposable {
  readonly #options: ReplicaOptions;
  readonly #live: LiveSet;
  readonly #backlog: Backlog;
  readonly #scheduler: FairScheduler;
  readonly #engine: Engine;
  readonly #endings: Endings;
  readonly #pager: Pager;
  readonly #intake: Intake;
  readonly #quotas: Quotas;
  readonly #keys: AcceptedKeys;
  readonly #dispatcher: Dispatcher;
  readonly #lookups: Lookups;
  readonly #deliveries: Deliveries;
  readonly #changes: Changes;
  readonly #closing = new AbortController();
  #isFull = false;
  readonly #retention: Retention;
  #retaining: Promise<void> = Promise.resolve();
  #accepted = 0;
  readonly #endedCounts = { done: 0, partial: 0, failed: 0, cancelled: 0 };

  constructor(options: ReplicaOptions) {
    this.#options = options;
    const { store, clock, kernel, onFatal, weights } = options;
    this.#backlog = new Backlog({ ...WINDOWS, loadedMax: options.loadedMax ?? LOADED_MAX });
    this.#quotas = new Quotas({
      limits: options.quotas ?? NO_QUOTAS,
      clock,
      waiting: (callerId) => this.#backlog.present(callerId),
    });
    this.#live = new LiveSet((n) => this.#needsOf(n), clock, workKeys(options.sharesWork ?? true));
    this.#scheduler = new FairScheduler({
      weightOf: (callerId) => weights.get(callerId) ?? 1,
      sliceMs: SLICE_MS,
      placeBytesMax: options.parkedBytesMax,
      residencyMs: RESIDENCY_MS,
    });
    this.#engine = options.engine;
    this.#lookups = new Lookups({
      store,
      live: this.#live,
      shard: SHARD,
      outlook: (stored) => this.#outlook(stored),
    });
    this.#keys = new AcceptedKeys({ clock, find: (seq) => this.#lookups.stored(seq) });
    this.#endings = new Endings(store, clock, (...ended) => this.#onEnded(...ended), onFatal);
    const shared = {
      store,
      clock,
      scheduler: this.#scheduler,
      live: this.#live,
      costs: new CostModel(options.expectedCpuMs),
      batchMs: BATCH_MS,
    };
    const pool = new MemoryPool(POOL_BYTES_MAX);
    const memories = new JobMemories(pool, (n) => kernel.memoryPages(n), options.parkedBytesMax / 8);
    this.#dispatcher = new Dispatcher({
      ...shared,
      engine: this.#engine,
      endings: this.#endings,
      memories,
      sliceMs: SLICE_MS,
      jobCpuMsMax: options.jobCpuMsMax,
      onFatal,
    });
    this.#pager = new Pager({
      ...shared,
      backlog: this.#backlog,
      onLoaded: () => this.#dispatcher.pump(),
      onFatal,
    });
    const { callbacks } = options;
    this.#deliveries = new Deliveries({
      store,
      clock,
      random: callbacks.random,
      busyShare: callbacks.busyShare,
      settings: callbacks.settings,
      weightOf: (callerId) => weights.get(callerId) ?? 1,
      find: (seq) => this.#lookups.stored(seq),
      send: (stored, signal) => callbacks.send(callbackOf(stored), signal),
      onChange: (stored) => this.#lookups.remember(stored),
      onFatal,
    });
    const { retentionMs, storeBytesMax } = options;
    this.#retention = new Retention({ store, clock, retentionMs, bytesMax: storeBytesMax * PRUNE_ABOVE });
    this.#intake = new Intake({
      store,
      clock,
      pager: this.#pager,
      newToken: () => formatToken(randomBytes(TOKEN_BYTES)),
    });
    this.#changes = new Changes({
      store,
      clock,
      live: this.#live,
      lookups: this.#lookups,
      pager: this.#pager,
      intake: this.#intake,
      quotas: this.#quotas,
      dispatcher: this.#dispatcher,
      deliveries: this.#deliveries,
      closing: this.#closing.signal,
    });
  }

  /** Takes up what the store holds from before, and begins to work. */
  async start(): Promise<void> {
    const { store, onFatal } = this.#options;
    void store.failed.then(onFatal);
    const [{ lastSeq }, backlog] = await Promise.all([store.stats(), store.backlog()]);
    this.#intake.startAfter(lastSeq);
    for (const { callerId, count, ordinalMax } of backlog) {
      this.#backlog.restore(callerId, count, ordinalMax);
    }
    this.#pager.read();
    await this.#deliveries.start();
    this.#retaining = this.#retention.run(this.#closing.signal).catch(onFatal);
  }

  accept(input: AcceptInput): Promise<AcceptResult> {
    return this.#accept(input, false);
  }

  async acceptInline(input: AcceptInput, waitMs: number, signal: AbortSignal): Promise<AcceptResult> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    const result = await this.#accept(input, waitMs > 0 && !signal.aborted);
    const [first] = result.kind === 'accepted' ? result.requests : [];
    if (first === undefined || result.kind !== 'accepted' || hasEnded(first.status)) return result;
    await this.#lookups.ended(first.requestId, waitMs - (clock.monotonicMs() - startMs), signal);
    const found = await this.#lookups.find(first.requestId);
    if (found && 'live' in found && found.live.phase === 'waiting') this.#pager.demoted(found.live);
    return found ? { ...result, requests: [this.#lookups.view(found)] } : result;
  }

  async #accept(input: AcceptInput, urgent: boolean): Promise<AcceptResult> {
    if (this.#closing.signal.aborted) return STOPPING;
    const { callerId, numbers } = input;
    const refusal = this.#quotas.charge(callerId, numbers.length);
    if (refusal && !(await this.#keys.has(input))) return refusal;
    const accepted = await this.#intake.accept(input, urgent);
    if (!refusal && (accepted.kind !== 'accepted' || accepted.replayed))
      this.#quotas.refund(callerId, numbers.length);
    if (accepted.kind === 'busy') return BUSY;
    if (accepted.kind === 'full') {
      this.#retention.hurry();
      this.#watchRoom();
      return NO_ROOM;
    }
    if (accepted.kind === 'conflict') return accepted;
    this.#keys.add(input, accepted.requests);
    this.#dispatcher.arrived(callerId);
    if (!accepted.replayed) this.#accepted += accepted.requests.length;
    const requests = accepted.requests.map((stored) => this.#lookups.view(this.#present(stored)));
    return { kind: 'accepted', requests, replayed: accepted.replayed, quotas: this.#quotas.of(callerId) };
  }

  lookUp(requestId: string): Promise<RequestView | undefined> {
    return this.#lookups.lookUp(requestId);
  }

  wait(requestId: string, waitMs: number, signal: AbortSignal): Promise<RequestView | undefined> {
    return this.#lookups.wait(requestId, waitMs, AbortSignal.any([signal, this.#closing.signal]));
  }

  watch(requestId: string, signal: AbortSignal): AsyncIterable<RequestView> {
    return this.#lookups.watch(requestId, AbortSignal.any([signal, this.#closing.signal]));
  }

  list(query: ListRequests): Promise<{ readonly requests: readonly RequestView[]; readonly next?: string }> {
    return this.#lookups.list(query);
  }

  cancel(requestId: string): Promise<ChangeResult> {
    return this.#changes.cancel(requestId);
  }

  resume(requestId: string): Promise<ChangeResult> {
    return this.#changes.resume(requestId);
  }

  redeliver(requestId: string): Promise<ChangeResult> {
    return this.#changes.redeliver(requestId);
  }

  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    const reasons = [
      ...(this.#closing.signal.aborted ? ['this server is stopping'] : []),
      ...(this.#isFull ? ['the store has no room for new requests'] : []),
      ...(this.#endings.congested ? ['the store has no room for results'] : []),
    ];
    return { ready: reasons.length === 0, reasons };
  }

  stats(): ReplicaStats {
    return {
      waiting: this.#backlog.total,
      loaded: this.#scheduler.entries,
      callers: this.#scheduler.callers,
      workers: this.#engine.workers,
      busyWorkers: this.#engine.busy,
      placeBytes: this.#scheduler.placeBytes,
      accepted: this.#accepted,
      ended: this.#endedCounts,
      brokenWorkers: this.#engine.broken,
      callbacks: this.#deliveries.size,
      callbackCounts: this.#deliveries.counts,
    };
  }

  /** From now on everything new is refused, and those who wait are answered with what there is. */
  stopAccepting(): void {
    this.#closing.abort();
    this.#lookups.release();
  }

  /** Accepts nothing more, ends what is under way within milliseconds, keeps what it found, and lets the store go. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stopAccepting();
    await Promise.all([this.#dispatcher.stop(), this.#deliveries.stop()]);
    await Promise.all([this.#endings.close(), this.#retaining, this.#pager.close()]);
    await this.#options.store[Symbol.asyncDispose]();
  }

  /** By the number alone, not by what was measured: equal numbers must need the same. */
  #needsOf(n: bigint): JobNeeds {
    const { kernel, expectedCpuMs } = this.#options;
    const small = kernel.isSmall(n);
    const short = small || expectedCpuMs(n) < SLICE_MS / 2;
    return { small, placeBytes: short ? 0 : kernel.memoryPages(n) * PAGE_BYTES };
  }

  /** After a refusal for want of room: not ready until the store says that there is some. */
  #watchRoom(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    const { store, clock, onFatal } = this.#options;
    const { signal } = this.#closing;
    const look = async (): Promise<void> => {
      while (this.#isFull && !signal.aborted) {
        await clock.sleep(ROOM_EVERY_MS, signal);
        const stats = await untilRoom(() => store.stats(), clock, signal);
        this.#isFull = stats?.freeBytes === 0;
      }
    };
    look().catch(onFatal);
  }

  #present(stored: StoredRequest): Found {
    const live = this.#live.get(stored.seq);
    return live ? { live } : { stored };
  }

  #outlook(stored: StoredRequest): Outlook {
    const position = this.#backlog.position(stored) ?? 0;
    const own = this.#live.get(stored.seq);
    const caller = this.#scheduler.callerView(stored.callerId);
    const meanMs = caller?.estimateMeanMs ?? 0;
    const expectedMs = expectedWaitMs({
      position,
      meanMs,
      ownMs: this.#scheduler.estimateMs(stored.seq) ?? (own ? 0 : meanMs),
      weight: caller?.weight ?? 1,
      weights: Math.max(this.#scheduler.weights, caller?.weight ?? 1),
      totalMs: this.#backlog.total * this.#scheduler.estimateMeanMs,
      workers: this.#engine.workers,
    });
    return { position, expectedMs };
  }

  #onEnded(live: LiveRequest, stored: StoredRequest, applied: boolean): void {
    this.#live.delete(live);
    this.#pager.left(stored);
    if (applied) this.#lookups.remember(stored);
    if (applied && stored.state.kind !== 'queued') this.#endedCounts[stored.state.kind]++;
    this.#lookups.wake(stored.seq);
    if (applied) this.#deliveries.due(stored);
    // Ends that waited for room may have held work back.
    this.#dispatcher.pump();
  }
}

/** As its caller is told: the same at each attempt. */
function callbackOf(stored: CalledRequest): Callback {
  const { delivery, callbackUrl } = stored;
  const { sequence } = delivery;
  const request = viewOfStored({ ...stored, delivery: { status: 'pending', sequence, attempts: 0 } }, SHARD);
  // A request that was resumed ends again, and that is another callback.
  return { url: callbackUrl, id: `${request.requestId}_${sequence}`, request };
}
