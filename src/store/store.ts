/**
 * The store port: what a replica keeps on disk. One replica owns one store; nobody else writes to it.
 *
 * Every promise that resolves speaks of what is durable (on disk after fsync); one that rejects has changed nothing, save where
 * `appendLog` says so, and with `broken` or `lost`: then what became of it shows when the store is opened again. Calls take effect in the order in
 * which they are made; a batch of more than a few hundred numbers does so piece by piece, so that nobody waits behind it. No
 * driver type appears here; `describeStore` holds every adapter to the words below.
 *
 * Jobs, their logs and known factors go by work keys (domain/work-key.ts): where callers share, these are the numbers. A store is
 * opened for callers who share or for callers who do not, which says what `accept` may answer at once.
 */
import type {
  FinalState,
  Mode,
  NewRequest,
  Status,
  StoredRequest,
  TimelineEvent,
} from '../domain/request.ts';
import type { CallbackKey, Delivery, DeliveryStatus, DueCallback } from '../domain/delivery.ts';
import type { Factor } from '../domain/factorization.ts';
import type { RequestId } from '../domain/request-id.ts';
import type { StoredValue, ValueRenewal } from '../domain/value.ts';
import type { JobLog, JobLogEntry } from './job-log.ts';

export interface Store extends AsyncDisposable {
  /**
   * Resolves, with the reason, once this store can no longer be used: its thread died, or what it wrote can't be made durable.
   * Every call under way then or made later rejects. Never rejects; never resolves otherwise, nor when the store is disposed of
   * in order.
   */
  readonly failed: Promise<StoreError>;

  /**
   * Accepts the requests of one call, together: all are durable when it resolves. Those of a large batch behind the first ones can be read,
   * ended and so on only when `rest` of the outcome has resolved, which fails only where the store does, or with `full` after `settle`.
   * Numbers of `KNOWN_DIGITS_MIN` digits or more that are known are stored as done at once (at `acceptedAtMs`, for no CPU time, `source` known). So are, in mode `values`,
   * numbers of any size that are kept as values; with one that is done at once, its terms take effect.
   * With `idempotency`, a key already used by that caller with the same fingerprint and not expired gives `replayed` with the
   * requests of the first time (any that retention has taken are left out, and where it has taken all the key is free again); with another fingerprint,
   * `conflict`. The time by which a key has expired or not is `acceptedAtMs`. Rejects with `full` when there is no room,
   * with `busy` when more large batches arrive at once, in all or of this caller, than can be accepted soon.
   * What is queued is never deleted for want of room, so a caller whose queued requests take as much as is free adds nothing to them: `crowded`.
   */
  accept(batch: NewBatch): Promise<AcceptOutcome>;

  /**
   * To be called once nothing more is accepted: from then on, nothing waits for room. Resolves to how many requests of large batches stay
   * unwritten for want of it. They are on disk as they came, and are written when the store is opened again.
   */
  settle(): Promise<number>;

  /** Whether something was accepted under each of these idempotency keys, and it has not expired at `nowMs`. */
  heldKeys(keys: readonly CallerKey[], nowMs: number): Promise<boolean[]>;

  /**
   * The requests with these sequence numbers, in the same order; undefined for one that does not exist (any more). One that is queued and has been
   * begun comes with the CPU time in the log of its job, here and wherever requests are read.
   */
  get(seqs: readonly number[]): Promise<(StoredRequest | undefined)[]>;

  /**
   * How far a batch is, by a count of its requests: much less than to read them. All counts are 0 where its first request is not here
   * under that token and in mode `values`; others that are not here count nowhere.
   */
  batchProgress(batch: BatchSpan): Promise<BatchProgress>;

  /**
   * Newest first. Looks at no more than `PAGE_SCAN_MAX` rows: `next` may be set even where the page is short. With `callerId`, it
   * looks at rows of that caller alone, and `next` is one of them.
   */
  list(query: ListQuery): Promise<ListPage>;

  /**
   * Ends requests that are still queued; those that are not (cancelled meanwhile, or gone) stay as they are. Resolves to the
   * requests that were ended by this call, thus each is ended once, by `seq`, each with the sequence number of its callback,
   * which is given here and due at its end; 0 for one without a callback. Also drops the job's log where `job` says so
   * and remembers the factors of `known`. May use the reserve that `accept` leaves, so that accepted work can be finished.
   * In mode `values`, the number of a request that is done is kept as a value. One commit, whatever its size: keep it to
   * `COMMIT_ROWS_MAX` requests.
   */
  finish(ended: readonly EndedJob[]): Promise<ReadonlyMap<number, number>>;

  /**
   * Puts a `partial` request back in the queue, as not started, with the timeline given and the factors and CPU time that it had;
   * its next end has a callback of its own. False if it is not `partial` (any more), or the callback of its last end is still due:
   * every end is told or dead before there can be another.
   */
  requeue(seq: number, ordinal: number, timeline: readonly TimelineEvent[]): Promise<boolean>;

  /** Who has requests queued, with how many and the greatest ordinal among them. Read at start; costs one pass over the index. */
  backlog(): Promise<CallerBacklog[]>;

  /** For each caller asked, its queued requests above `afterSeq`, ascending, at most `limit` of them. */
  queued(pages: readonly QueuePage[]): Promise<StoredRequest[][]>;

  /** The factors that are known by these work keys, undefined for the others, in order. */
  known(keys: readonly string[]): Promise<(readonly Factor[] | undefined)[]>;

  /**
   * Appends to the log of a job, sets its CPU milliseconds so far, and notes when its requests were started.
   * Logs have a share of the store's size, and take nothing of what the ends of requests need: there, idle logs may be dropped,
   * the oldest first, and if that is not enough it rejects with `full`: then the chunks are refused, and the rest is written if
   * the disk has any room, so that what requests have spent of their budgets survives a crash. A log is idle while none of the requests that it was
   * started for is queued.
   */
  appendLog(entry: JobLogEntry): Promise<void>;

  /** The log of the job of this work key, in order; empty if there is none. Of any length: nobody waits behind the whole of it. */
  readLog(key: string): Promise<JobLog>;

  /** Counts a worker broken by this job and resolves to the count so far. */
  recordBreak(key: string): Promise<number>;

  /**
   * One small step (at most a few hundred rows, a few milliseconds) of deleting what is past retention: ended requests,
   * idempotency keys, known numbers, idle logs, URLs that are gone, and values a while after they expired. Resolves to how much was done,
   * the number of rows deleted save where it had to look for them; 0: nothing left to do now.
   */
  prune(limits: PruneLimits): Promise<number>;

  stats(): Promise<StoreStats>;

  /** Who has callbacks due, now or later, with the time of the first. Read at start; costs one pass over the index. */
  callbackBacklog(): Promise<CallbackBacklog[]>;

  /** For each caller asked, its callbacks due after `after`, by time and then by sequence number, ascending, at most `limit` of them. */
  dueCallbacks(pages: readonly CallbackPage[]): Promise<DueCallback[][]>;

  /**
   * Writes how a callback stands after an attempt, if it is still pending under that sequence number and due as it was: false if not
   * (it was to be sent again meanwhile, or its request is gone). From one that was the last, retention begins anew. With `endpointGone`, notes in any case that its
   * caller's URL takes no more.
   */
  recordAttempt(record: AttemptRecord): Promise<boolean>;

  /** Makes the callback of an ended request due at `dueAtMs`, whatever became of it, and forgets that its URL is gone. False if it has none that was ever due. */
  redeliver(seq: number, dueAtMs: number, timeline: readonly TimelineEvent[]): Promise<boolean>;

  /** The URLs that are gone, latest first, at most `limit`. */
  goneEndpoints(limit: number): Promise<Endpoint[]>;

  /**
   * Keeps values. Of two of one number in one scope, the terms with the greater version hold, expired or not. At most
   * `COMMIT_ROWS_MAX` at a time, together; rejects with `full` when there is no room.
   */
  putValues(scope: ValueScope, values: readonly StoredValue[]): Promise<void>;

  /** The values of these numbers that have not expired at `nowMs`, undefined for the others, in order. */
  values(scope: ValueScope, numbers: readonly string[], nowMs: number): Promise<(StoredValue | undefined)[]>;

  /** The lines (`valueLine`) of values with a prime factor, ascending by size, that have not expired; fewer than `limit` only where there are no more. */
  valuesOf(query: ValueQuery): Promise<string[]>;

  /**
   * Gives those values that are here and of a lesser version the terms given, unless they had expired at `nowMs` and when the terms
   * were accepted, which their version tells (`timeOfSeq`): what was renewed in time is not lost, however late that is heard of as
   * long as it is not pruned, and what had expired is not revived. A number that a request is still to make a value is kept under these
   * terms once that is done, if they are the latest. At most `COMMIT_ROWS_MAX` at a time. May use the reserve.
   */
  renewValues(scope: ValueScope, renewals: readonly ValueRenewal[], nowMs: number): Promise<void>;

  /**
   * Notes that other shards are to be told of renewals: the outbox. Of two for one number, scope and shard, the one with the greater
   * version stays. Rejects with `full` when there is no room.
   */
  postRenewals(
    shards: readonly number[],
    scope: ValueScope,
    renewals: readonly ValueRenewal[],
  ): Promise<void>;

  /** What a shard is to be told, at most `limit` of it, all of one scope; undefined if there is nothing. */
  pendingRenewals(shard: number, limit: number): Promise<PendingRenewals | undefined>;

  /** A shard was told; what has been posted anew meanwhile, with a greater version, stays. */
  renewalsTold(shard: number, told: PendingRenewals): Promise<void>;

  /** The shards that are to be told something. */
  renewalShards(): Promise<number[]>;

  /**
   * A part of what is held here, of about `PARCEL_BYTES` and at most `COMMIT_ROWS_MAX` rows, for another store to adopt: first requests
   * that are queued, with the logs of their jobs, then those whose callbacks are due, idempotency keys with the requests that they
   * stand for, values, outbox, and the rest of ended requests. Undefined when nothing is left. The same one again until it is
   * parted with. Meanwhile nothing should work on what is held here. Rejects with `full` where there is no room to write what `settle` left,
   * though what could go has gone: the rest stays here.
   */
  parcel(): Promise<Parcel | undefined>;

  /**
   * Takes a parcel of another store over, durably. What is there already changes nothing; of two logs of one job, the one with more
   * CPU time is kept, and logs that there is no room for are left out. Rejects with `full` when there is no room for the rest, and with `version` where the other store's tables are others.
   */
  adopt(bytes: Uint8Array): Promise<Adopted>;

  /** Deletes what a parcel holds, as far as it has not changed since: another store has it. */
  partWith(parcel: Parcel): Promise<void>;
}

/** Values of one scope know nothing of another's. One for all where callers share (''), otherwise the caller id. */
export type ValueScope = string;

export interface ValueQuery {
  readonly scope: ValueScope;
  /** In decimal. */
  readonly prime: string;
  /** Only those greater than this number. */
  readonly after?: string;
  readonly limit: number;
  readonly nowMs: number;
}

export interface PendingRenewals {
  readonly scope: ValueScope;
  readonly renewals: readonly ValueRenewal[];
}

/** Opaque, but for stores. */
export interface Parcel {
  readonly bytes: Uint8Array;
}

/** What came with a parcel and was not there. */
export interface Adopted {
  /** Of each caller, how many requests that are queued. */
  readonly queued: readonly { readonly callerId: string; readonly count: number }[];
  /** Of each caller, when the first of its callbacks is due. */
  readonly due: readonly CallbackBacklog[];
}

export interface NewBatch {
  /** At most `BATCH_NUMBERS_MAX`, of one caller, with sequence numbers `SEQ_STRIDE` apart and one token. */
  readonly requests: readonly NewRequest[];
  readonly idempotency?: {
    readonly key: string;
    /** A digest of what was asked; equal bodies have equal fingerprints. */
    readonly fingerprint: string;
    readonly expiresAtMs: number;
  };
}

/** Requests that were accepted together: sequence numbers `SEQ_STRIDE` apart, one token. */
export interface BatchSpan {
  readonly first: RequestId;
  /** 1 to `BATCH_NUMBERS_MAX`. */
  readonly count: number;
}

export interface BatchProgress {
  readonly queued: number;
  readonly done: number;
  /** Ended otherwise: without all factors. */
  readonly ended: number;
  /** The greatest sequence number of those queued; absent if none is. */
  readonly lastQueuedSeq?: number;
}

/** An idempotency key, as its caller means it. */
export interface CallerKey {
  readonly callerId: string;
  readonly key: string;
}

type Known = readonly (readonly Factor[] | undefined)[];

export type AcceptOutcome =
  /** `known[i]`: the factors of the i-th number if it is done at once. Of a large batch, those of the others follow as `rest`, in order. */
  | { readonly kind: 'accepted'; readonly known: Known; readonly rest?: Promise<Known> }
  /** `requests` as they stand now. */
  | { readonly kind: 'replayed'; readonly requests: readonly StoredRequest[] }
  | { readonly kind: 'conflict' }
  /** Nothing was accepted: the queued requests of this caller take more than `bytesMax`, which is half of what the others leave. */
  | { readonly kind: 'crowded'; readonly bytesMax: number };

export interface ListQuery {
  readonly callerId?: string;
  readonly mode?: Mode;
  readonly delivery?: DeliveryStatus;
  /** `running` is not known to the store: ask for `queued`. */
  readonly status?: Exclude<Status, 'running'>;
  /** Only below this sequence number. */
  readonly beforeSeq?: number;
  readonly limit: number;
}

export interface ListPage {
  readonly requests: readonly StoredRequest[];
  /** To be given as `beforeSeq` for the next page; absent at the end. */
  readonly next?: number;
}

export interface EndedJob {
  /** The number where callers share, or else its work key. */
  readonly number: string;
  /** Whether the job's log can go: its number is factored completely, or failed. */
  readonly dropLog: boolean;
  /** Set if the factors are complete and worth remembering. */
  readonly known?: { readonly factors: readonly Factor[]; readonly cpuMs: number; readonly atMs: number };
  readonly requests: readonly EndedRequest[];
}

export interface EndedRequest {
  readonly seq: number;
  readonly state: FinalState;
  readonly timeline: readonly TimelineEvent[];
  /** Whether its end is to be told to a callback URL. */
  readonly called?: boolean;
}

/** A caller's URL. Of two callers, one may be gone and the other not. */
export interface Endpoint {
  readonly callerId: string;
  readonly url: string;
}

export interface CallbackBacklog {
  readonly callerId: string;
  readonly firstDueAtMs: number;
}

export interface CallbackPage {
  readonly callerId: string;
  readonly after: CallbackKey;
  readonly limit: number;
}

export interface AttemptRecord {
  readonly seq: number;
  /** When the attempt was due. */
  readonly wasDueAtMs: number;
  readonly delivery: Delivery & { readonly sequence: number };
  readonly timeline: readonly TimelineEvent[];
  readonly endpointGone?: Endpoint & { readonly atMs: number };
}

export interface CallerBacklog {
  readonly callerId: string;
  readonly count: number;
  readonly ordinalMax: number;
}

export interface QueuePage {
  readonly callerId: string;
  readonly afterSeq: number;
  readonly limit: number;
}

export interface PruneLimits {
  /**
   * Requests that ended before this, and whose callbacks if any were delivered or dead before this by the store's clock, go; so do
   * numbers that were known and logs that have been idle before this. Idempotency keys go when they expire.
   */
  readonly endedBeforeMs: number;
  readonly nowMs: number;
  /**
   * If the store is larger than this, these go before their time until it is not, the oldest first: idle logs, keys of which no request is
   * left, requests that ended `ANSWER_MS_MIN` before `nowMs` or earlier, and whose callbacks were delivered or dead by then, then known numbers,
   * and last keys whose requests all ended as long ago (those that are left have callbacks that are due).
   */
  readonly bytesMax: number;
}

export interface StoreStats {
  readonly bytes: number;
  /** Bytes that `accept` may still fill; 0: acceptance is refused with `full`. */
  readonly freeBytes: number;
  readonly queued: number;
  /**
   * The greatest sequence number that is held or, when the store was opened, was the version of a value or was set aside by an
   * idempotency key for a number of its batch, written or not; 0 if there is none. Later ones must be above it, whatever the clock says.
   */
  readonly lastSeq: number;
}

/**
 * `full`: no room, try again later. `busy`: too much is arriving at once, try again soon. `owned`: another process has this store. `lost`: ownership was lost; stop.
 * `crowded`: too much that is dear to read is being read, which passes soon. `version`: the store was written by a newer program. `broken`: it cannot be read or written.
 */
export type StoreErrorCode = 'full' | 'busy' | 'crowded' | 'owned' | 'lost' | 'version' | 'broken';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly retryable: boolean;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.retryable = code === 'full' || code === 'busy';
  }
}
