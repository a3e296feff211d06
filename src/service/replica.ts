/**
 * One replica: a store, a scheduler, W workers, and the use cases that join them. Everything here runs on one event loop;
 * nobody else writes the store, so what memory says of it is true.
 */
import { randomBytes } from '../base/random.ts';
import { CALLERS_MAX } from '../domain/limits.ts';
import { formatToken, TOKEN_BYTES } from '../domain/request-id.ts';
import type { StoredRequest } from '../domain/request.ts';
import { valueScopes } from '../domain/value.ts';
import { workKeys } from '../domain/work-key.ts';
import type { Engine } from '../engine/engine.ts';
import { MemoryPool } from '../engine/memory-pool.ts';
import { PAGE_BYTES } from '../kernel/page-bytes.ts';
import { Backlog } from '../scheduler/backlog.ts';
import { FairScheduler } from '../scheduler/fair-scheduler.ts';
import { UnderWay } from '../base/under-way.ts';
import type { Adopted, CallerKey } from '../store/store.ts';
import { Acceptance } from './acceptance.ts';
import { AcceptedKeys } from './accepted-keys.ts';
import { callbackOf } from './callback.ts';
import { Changes } from './changes.ts';
import type { LocalReplica } from './cluster/local-replica.ts';
import { Deliveries } from './deliveries.ts';
import { CostModel } from './cost-model.ts';
import { Dispatcher } from './dispatcher.ts';
import { Endings } from './endings.ts';
import { Guests } from './guests.ts';
import { Intake } from './intake.ts';
import { outlookOf } from './outlook.ts';
import { Pager } from './pager.ts';
import { JobMemories } from './job-memories.ts';
import type { JobNeeds, LiveRequest } from './live-job.ts';
import { LiveSet } from './live-set.ts';
import { Lookups } from './lookups.ts';
import { Quotas, type QuotaLimits } from './quotas.ts';
import { newcomerCheck } from './newcomers.ts';
import { NO_RENEWALS } from './renewals.ts';
import type { ReplicaOptions } from './replica-options.ts';
import type { ReplicaStats } from './replica-stats.ts';
import { Retention } from './retention.ts';
import { RoomWatch } from './room-watch.ts';
import type {
  AcceptInput,
  AcceptResult,
  ChangeResult,
  ListRequests,
  PostValuesResult,
  Readiness,
  RequestList,
  RequestView,
  ValuesBatchResult,
  ValuesInput,
  ValuesOfQuery,
  ValuesOfResult,
  ValuesPage,
} from './service.ts';
import { Values } from './values.ts';

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
/** Share of the store's bytes from which on the oldest ended requests go before their time. */
const PRUNE_ABOVE = 0.8;

export interface Stopped {
  /** Requests that are accepted and that there was no room to write: the next start does. */
  readonly unwritten: number;
}

export class Replica implements LocalReplica, AsyncDisposable {
  readonly #options: ReplicaOptions;
  readonly #live: LiveSet;
  readonly #backlog: Backlog;
  readonly #scheduler: FairScheduler;
  readonly #engine: Engine;
  readonly #endings: Endings;
  readonly #pager: Pager;
  readonly #intake: Intake;
  readonly #acceptance: Acceptance;
  readonly #room: RoomWatch;
  readonly #guests: Guests;
  readonly #values: Values;
  readonly #dispatcher: Dispatcher;
  readonly #lookups: Lookups;
  readonly #deliveries: Deliveries;
  readonly #changes: Changes;
  /** Calls that may write something new. */
  readonly #submissions = new UnderWay();
  readonly #closing = new AbortController();
  readonly #retention: Retention;
  #retaining: Promise<void> = Promise.resolve();
  #isLeaving = false;
  #stopped: Promise<Stopped> | undefined;
  readonly #endedCounts = { done: 0, partial: 0, failed: 0, cancelled: 0 };

  constructor(options: ReplicaOptions) {
    this.#options = options;
    const { store, clock, kernel, onFatal, weights } = options;
    this.#backlog = new Backlog({ ...WINDOWS, loadedMax: options.loadedMax ?? LOADED_MAX });
    const closing = this.#closing.signal;
    const sharesWork = options.sharesWork ?? true;
    const quotas = new Quotas({
      limits: options.quotas ?? NO_QUOTAS,
      clock,
      waiting: (callerId) => this.#backlog.present(callerId) + this.#values.waiting(callerId),
    });
    this.#live = new LiveSet((n) => this.#needsOf(n), clock, workKeys(sharesWork));
    this.#scheduler = new FairScheduler({
      weightOf: (callerId) => weights.get(callerId) ?? 1,
      sliceMs: SLICE_MS,
      placeBytesMax: options.parkedBytesMax,
      residencyMs: RESIDENCY_MS,
    });
    this.#engine = options.engine;
    const queue = {
      backlog: this.#backlog,
      scheduler: this.#scheduler,
      live: this.#live,
      workers: this.#engine.workers,
    };
    this.#lookups = new Lookups({
      store,
      live: this.#live,
      arriving: (seq) => this.#intake.arriving(seq),
      allArriving: () => this.#intake.allArriving,
      outlook: (stored) => outlookOf(stored, queue),
    });
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
      lanes: { pool, pages: (n) => kernel.memoryPages(n), bytesMax: options.parkedBytesMax / 2 },
      sliceMs: SLICE_MS,
      jobCpuMsMax: options.jobCpuMsMax,
      onFatal,
    });
    this.#pager = new Pager({
      ...shared,
      backlog: this.#backlog,
      onLoaded: () => this.#dispatcher.loaded(),
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
      send: (stored, signal) => callbacks.send(callbackOf(stored, options.shard ?? 0), signal),
      onChange: (stored) => this.#lookups.remember(stored),
      onFatal,
    });
    const { retentionMs, storeBytesMax } = options;
    this.#retention = new Retention({ store, clock, retentionMs, bytesMax: storeBytesMax * PRUNE_ABOVE });
    this.#intake = new Intake({
      store,
      clock,
      shard: options.shard ?? 0,
      pager: this.#pager,
      newToken: () => formatToken(randomBytes(TOKEN_BYTES)),
      onArrived: (callerId) => this.#dispatcher.arrived(callerId),
      onKnown: (stored) => {
        this.#lookups.remember(stored);
        this.#lookups.wake(stored.seq);
      },
      onFatal,
    });
    this.#room = new RoomWatch({ store, clock, retention: this.#retention, closing, onFatal });
    const use = {
      ...shared,
      lookups: this.#lookups,
      pager: this.#pager,
      intake: this.#intake,
      quotas,
      refuseNewcomer: newcomerCheck({
        backlog: this.#backlog,
        deliveries: this.#deliveries,
        callersMax: options.callersMax ?? CALLERS_MAX,
      }),
      dispatcher: this.#dispatcher,
      room: this.#room,
      closing,
    };
    this.#changes = new Changes({ ...use, deliveries: this.#deliveries });
    const keys = new AcceptedKeys({ clock, find: (seq) => this.#lookups.stored(seq) });
    this.#acceptance = new Acceptance({ ...use, keys });
    this.#guests = new Guests({ ...use, isSmall: (n) => kernel.isSmall(n) });
    this.#values = new Values({
      ...use,
      guests: this.#guests,
      acceptance: this.#acceptance,
      renewals: options.renewals ?? NO_RENEWALS,
      scopeOf: valueScopes(sharesWork),
      onFatal,
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
    return this.#submissions.add(this.#acceptance.accept(input));
  }

  acceptInline(input: AcceptInput, waitMs: number, signal: AbortSignal): Promise<AcceptResult> {
    return this.#submissions.add(this.#acceptance.acceptInline(input, waitMs, signal));
  }

  lookUp(requestId: string): Promise<RequestView | undefined> {
    return this.#lookups.lookUp(requestId);
  }

  wait(requestId: string, waitMs: number, signal: AbortSignal): Promise<RequestView | undefined> {
    return this.#lookups.wait(requestId, waitMs, signal);
  }

  watch(requestId: string, signal: AbortSignal): AsyncIterable<RequestView> {
    return this.#lookups.watch(requestId, AbortSignal.any([signal, this.#closing.signal]));
  }

  list(query: ListRequests): Promise<RequestList> {
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

  postValues(input: ValuesInput, waitMs: number, signal: AbortSignal): Promise<PostValuesResult> {
    return this.#submissions.add(this.#values.post(input, waitMs, signal));
  }

  valuesBatch(batchId: string, waitMs: number, signal: AbortSignal): Promise<ValuesBatchResult> {
    return this.#values.batch(batchId, waitMs, signal);
  }

  async valuesOf(query: ValuesOfQuery, signal: AbortSignal): Promise<ValuesOfResult> {
    const page = await this.#values.page(query);
    const isPrime = query.isKnownPrime === true || page.lines.length > 0;
    return isPrime ? page : this.#values.ofNone(query, signal);
  }

  valuesKept(query: ValuesOfQuery): Promise<ValuesPage> {
    return this.#values.page(query);
  }

  valuesOfNone(query: ValuesOfQuery, signal: AbortSignal): Promise<ValuesOfResult> {
    return this.#values.ofNone(query, signal);
  }

  requestsOf(seqs: readonly number[]): Promise<(StoredRequest | undefined)[]> {
    return this.#lookups.storedAll(seqs);
  }

  heldKeys(keys: readonly CallerKey[]): Promise<boolean[]> {
    const { store, clock } = this.#options;
    return store.heldKeys(keys, clock.wallMs());
  }

  takeUp({ queued, due }: Adopted): void {
    for (const { callerId, count } of queued) this.#pager.adopted(callerId, count);
    for (const { callerId } of due) this.#deliveries.adopted(callerId);
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get waiting(): number {
    return this.#backlog.total + this.#intake.arrivingCount;
  }

  readiness(): Readiness {
    const reasons = [
      ...(this.#isLeaving ? ['this server is stopping'] : []),
      ...(this.#room.isFull ? ['the store has no room for new requests'] : []),
      ...(this.#endings.congested ? ['the store has no room for results'] : []),
    ];
    return { ready: reasons.length === 0, reasons };
  }

  stats(): ReplicaStats {
    return {
      waiting: this.waiting,
      loaded: this.#scheduler.entries,
      callers: this.#scheduler.callers,
      workers: this.#engine.workers,
      busyWorkers: this.#engine.busy,
      placeBytes: this.#scheduler.placeBytes,
      accepted: this.#acceptance.count,
      guests: this.#guests.size,
      valuesKept: this.#values.count,
      ended: this.#endedCounts,
      brokenWorkers: this.#engine.broken,
      callbacks: this.#deliveries.size,
      callbackCounts: this.#deliveries.counts,
    };
  }

  /** From now on `readiness` says that it stops; everything is still accepted. */
  announceStop(): void {
    this.#isLeaving = true;
  }

  /** From now on everything new is refused, and those who wait are answered with what there is. */
  stopAccepting(): void {
    this.announceStop();
    this.#closing.abort();
    this.#lookups.release();
  }

  /** Accepts nothing more, ends what is under way within milliseconds and keeps what it found. The store can still be read. */
  stop(): Promise<Stopped> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<Stopped> {
    this.stopAccepting();
    await Promise.all([this.#submissions.idle(), this.#changes.idle()]).then(() => this.#values.idle());
    // Or what waits for room could hold it up for as long as there is none.
    const unwritten = await this.#options.store.settle();
    await this.#intake.idle();
    await Promise.all([this.#dispatcher.stop(), this.#deliveries.stop()]);
    await Promise.all([this.#endings.close(), this.#retaining, this.#pager.close()]);
    // From now on the store alone says what is here: it may go to another one.
    this.#live.clear();
    return { unwritten };
  }

  /** By the number alone, not by what was measured: equal numbers must need the same. */
  #needsOf(n: bigint): JobNeeds {
    const { kernel, expectedCpuMs } = this.#options;
    const small = kernel.isSmall(n);
    const short = small || expectedCpuMs(n) < SLICE_MS / 2;
    return { small, placeBytes: short ? 0 : kernel.memoryPages(n) * PAGE_BYTES };
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
