/**
 * The store port: what a replica keeps on disk. One replica owns one store; nobody else writes to it.
 *
 * Every promise that resolves speaks of what is durable (on disk after fsync); one that rejects has changed nothing, save
 * with `broken` or `lost`: then what became of it shows when the store is opened again. Calls take effect in the order in
 * which they are made; a batch of more than a few hundred numbers does so piece by piece, so that nobody waits behind it. No
 * driver type appears here; `describeStore` holds every adapter to the words below.
 */
import type {
  FinalState,
  Mode,
  NewRequest,
  Status,
  StoredRequest,
  TimelineEvent,
} from '../domain/request.ts';
import type { Factor } from '../domain/factorization.ts';

export interface Store extends AsyncDisposable {
  /**
   * Resolves, with the reason, once this store can no longer be used: its thread died, or what it wrote can't be made durable.
   * Every call under way then or made later rejects. Never rejects; never resolves otherwise, nor when the store is disposed of
   * in order.
   */
  readonly failed: Promise<StoreError>;

  /**
   * Accepts the requests of one call, together: all are durable when it resolves. Numbers of `KNOWN_DIGITS_MIN` digits or
   * more that are known are stored as done at once (at `acceptedAtMs`, for no CPU time, `source` known).
   * With `idempotency`, a key already used by that caller with the same fingerprint and not expired gives `replayed` with the
   * requests of the first time (any of them that a crash kept from being written are written now, under their first ids; any
   * that retention has taken are left out, and where it has taken all the key is free again); with another fingerprint,
   * `conflict`. The time by which a key has expired or not is `acceptedAtMs`. Rejects with code `full` when there is no room,
   * and when more large batches arrive at once, in all or of this caller, than can be accepted soon.
   */
  accept(batch: NewBatch): Promise<AcceptOutcome>;

  /** The requests with these sequence numbers, in the same order; undefined for one that does not exist (any more). */
  get(seqs: readonly number[]): Promise<(StoredRequest | undefined)[]>;

  /** Newest first. Looks at no more than `PAGE_SCAN_MAX` rows: `next` may be set even where the page is short. */
  list(query: ListQuery): Promise<ListPage>;

  /**
   * Ends requests that are still queued; those that are not (cancelled meanwhile, or gone) stay as they are. Resolves to the
   * sequence numbers that were ended by this call, thus each is ended once. Also drops the job's log where `job` says so
   * and remembers the factors of `known`. May use the reserve that `accept` leaves, so that accepted work can be finished.
   * One commit, whatever its size: keep it to `COMMIT_ROWS_MAX` requests.
   */
  finish(ended: readonly EndedJob[]): Promise<readonly number[]>;

  /** Puts a `partial` request back in the queue, as not started, with the timeline given. False if it is not `partial` (any more). */
  requeue(seq: number, ordinal: number, timeline: readonly TimelineEvent[]): Promise<boolean>;

  /** Who has requests queued, with how many and the greatest ordinal among them. Read at start; costs one pass over the index. */
  backlog(): Promise<CallerBacklog[]>;

  /** For each caller asked, its queued requests above `afterSeq`, ascending, at most `limit` of them. */
  queued(pages: readonly QueuePage[]): Promise<StoredRequest[][]>;

  /** The factors of those numbers that are known, undefined for the others, in order. */
  known(numbers: readonly string[]): Promise<(readonly Factor[] | undefined)[]>;

  /** Appends to the log of the job for `number`, sets its CPU milliseconds so far, and notes when its requests were started. */
  appendLog(entry: JobLogEntry): Promise<void>;

  /** The log of the job for `number`, in order; empty if there is none. */
  readLog(number: string): Promise<JobLog>;

  /** Counts a worker broken by this job and resolves to the count so far. */
  recordBreak(number: string): Promise<number>;

  /**
   * One small step (at most a few hundred rows, a few milliseconds) of deleting what is past retention: ended requests,
   * idempotency keys, known numbers and logs nobody waits for. Resolves to the number of rows deleted; 0: nothing left to do now.
   */
  prune(limits: PruneLimits): Promise<number>;

  stats(): Promise<StoreStats>;
}

export interface NewBatch {
  /** At most `BATCH_NUMBERS_MAX`, of one caller, with consecutive sequence numbers and one token. */
  readonly requests: readonly NewRequest[];
  readonly idempotency?: {
    readonly key: string;
    /** A digest of what was asked; equal bodies have equal fingerprints. */
    readonly fingerprint: string;
    readonly expiresAtMs: number;
  };
}

export type AcceptOutcome =
  /** `known[i]`: the factors of the i-th number if it is done at once. */
  | { readonly kind: 'accepted'; readonly known: readonly (readonly Factor[] | undefined)[] }
  /** `requests` as they stand now; `written`: those of them that this call wrote and that are queued. */
  | {
      readonly kind: 'replayed';
      readonly requests: readonly StoredRequest[];
      readonly written: readonly number[];
    }
  | { readonly kind: 'conflict' };

export interface ListQuery {
  readonly callerId?: string;
  readonly mode?: Mode;
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

export interface JobLogEntry {
  readonly number: string;
  readonly chunks: readonly Uint8Array[];
  readonly cpuMs: number;
  /** The requests that the job works for, each with the time at which work for it started. */
  readonly started: readonly { readonly seq: number; readonly startedAtMs: number }[];
  readonly atMs: number;
}

export interface JobLog {
  readonly chunks: readonly Uint8Array[];
  readonly cpuMs: number;
  readonly breaks: number;
}

export interface PruneLimits {
  /** Ended requests, known numbers and logs older than this go; idempotency keys go when they expire. */
  readonly endedBeforeMs: number;
  readonly nowMs: number;
  /**
   * If the store is larger than this, these go whatever their age until it is not, the oldest first: logs that nobody waits
   * for, then ended requests, then known numbers. A log of the last minute stays, as its job may be at work; so do all while
   * `PAGE_SCAN_MAX` requests or more are queued or partial, as it would be dear to find out who waits.
   */
  readonly bytesMax: number;
}

export interface StoreStats {
  readonly bytes: number;
  /** Bytes that `accept` may still fill; 0: acceptance is refused with `full`. */
  readonly freeBytes: number;
  readonly queued: number;
  /**
   * The greatest sequence number that is held or, when the store was opened, was set aside by an idempotency key for a number
   * of its batch, written or not; 0 if there is none. Later ones must be above it, whatever the clock says.
   */
  readonly lastSeq: number;
}

/**
 * `full`: no room, try again later. `busy`: too much is arriving at once, try again soon. `owned`: another process has this store. `lost`: ownership was lost; stop.
 * `version`: the store was written by a newer program. `broken`: it cannot be read or written.
 */
export type StoreErrorCode = 'full' | 'busy' | 'owned' | 'lost' | 'version' | 'broken';

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
