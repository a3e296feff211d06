/** The use cases, as whatever stands above (HTTP, tests) sees them. No HTTP word appears here. */
import type { Delivery, DeliveryStatus } from '../domain/delivery.ts';
import type { ErrorCode } from '../domain/error-code.ts';
import type { Factor } from '../domain/factorization.ts';
import type { Mode, Status, TimelineEvent } from '../domain/request.ts';
import type { StoredValue } from '../domain/value.ts';
import type { Progress } from '../kernel/kernel.ts';

export interface Service {
  /** Accepts one request for each number, together. All are durable when it resolves to `accepted`. */
  accept(input: AcceptInput): Promise<AcceptResult>;
  /**
   * Accepts the one number of `input` and waits for its end, until `waitMs` after the call at most; while it waits the request goes
   * first among those of its caller. It resolves to the request as it is then. When `signal` aborts, the waiting ends and the
   * request goes on.
   */
  acceptInline(input: AcceptInput, waitMs: number, signal: AbortSignal): Promise<AcceptResult>;
  /** The request as it is now; undefined if there is none of that id. */
  lookUp(requestId: string): Promise<RequestView | undefined>;
  /** Like `lookUp`, but resolves once the request has ended, or after `waitMs`, or when `signal` aborts, whichever is first. */
  wait(requestId: string, waitMs: number, signal: AbortSignal): Promise<RequestView | undefined>;
  /** Yields the request now and whenever its state or progress changes (at most about 4 times a second), last when it has ended. */
  watch(requestId: string, signal: AbortSignal): AsyncIterable<RequestView>;
  list(query: ListRequests): Promise<RequestList>;
  cancel(requestId: string): Promise<ChangeResult>;
  resume(requestId: string): Promise<ChangeResult>;
  /** Makes the callback of a request that has ended due now, whatever became of it. */
  redeliver(requestId: string): Promise<ChangeResult>;
  /**
   * Factors numbers and keeps them as values. It resolves to `values` once all are factored and kept; where that takes longer than `waitMs`
   * after the call, to `unfinished`: each is a request in mode `values` now, and kept when it is done. When `signal` aborts
   * before, what was not accepted is given up.
   */
  postValues(input: ValuesInput, waitMs: number, signal: AbortSignal): Promise<PostValuesResult>;
  /** The values of a batch that was `unfinished`, once it is finished or will not be; or after `waitMs`, or when `signal` aborts, how far it is. */
  valuesBatch(batchId: string, waitMs: number, signal: AbortSignal): Promise<ValuesBatchResult>;
  /**
   * A page of the values that are kept with a prime factor. Where none is kept, it is found out whether it is prime, within
   * `PRIMALITY_MS_MAX` and before `signal` aborts, or not at all.
   */
  valuesOf(query: ValuesOfQuery, signal: AbortSignal): Promise<ValuesOfResult>;
  readiness(): Readiness;
}

/** Whether new work should come here. */
export interface Readiness {
  readonly ready: boolean;
  /** Why not; empty if so. */
  readonly reasons: readonly string[];
}

export interface AcceptInput {
  readonly callerId: string;
  readonly mode: Mode;
  /** 1 to `BATCH_NUMBERS_MAX` numbers, each at least 1 and within the digits configured. */
  readonly numbers: readonly bigint[];
  /** Where the end of each is to be told; judged already. */
  readonly callbackUrl?: string;
  /** In mode `values`: how long each is kept, from its acceptance on; absent: for good. */
  readonly ttlMs?: number;
  readonly idempotency?: { readonly key: string; readonly fingerprint: string };
}

export type AcceptResult =
  | {
      readonly kind: 'accepted';
      readonly requests: readonly RequestView[];
      readonly replayed: boolean;
      /** Those that the caller has, as they stand now. */
      readonly quotas?: readonly QuotaState[];
    }
  | QuotaRefusal
  /** The idempotency key stands for another body. */
  | { readonly kind: 'conflict' }
  | Unavailable;

/** It can't be done now. Nothing was, save with `outcome_unknown`: then it may have been. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly code: ErrorCode & ('store_full' | 'overloaded' | 'stopping' | 'outcome_unknown');
  readonly retryAfterMs: number;
  /** What to say instead of what is usually so. */
  readonly detail?: string;
}

/** Requests of a caller that wait, and those that it has had accepted within a minute. */
export type QuotaName = 'waiting' | 'per-minute';

export interface QuotaState {
  readonly name: QuotaName;
  /** Requests. */
  readonly limit: number;
  /** Of a rate: the time that the limit is for. */
  readonly windowMs?: number;
  readonly remaining: number;
  /** Of a rate: when nothing will have been used. */
  readonly wholeInMs?: number;
}

/** It would go beyond a quota of its caller; nothing was accepted. */
export interface QuotaRefusal {
  readonly kind: 'quota_exceeded';
  /** `store-bytes`: those of the store for requests that wait, of which each caller may have half of what the others leave. */
  readonly name: QuotaName | 'store-bytes';
  readonly limit: number;
  readonly quotas: readonly QuotaState[];
  /** When another try makes sense. Absent: never, it is more than the quota has in all. */
  readonly retryAfterMs?: number;
}

export type ChangeResult =
  | { readonly kind: 'changed'; readonly request: RequestView }
  | { readonly kind: 'not_found' }
  /** It is in a state in which this can't be done. */
  | { readonly kind: 'refused'; readonly request: RequestView }
  | QuotaRefusal
  /** Nothing has changed for sure. */
  | Unavailable;

export interface ListRequests {
  readonly callerId?: string;
  readonly mode?: Mode;
  readonly status?: Status;
  readonly delivery?: DeliveryStatus;
  /** `next` of the page before. */
  readonly cursor?: string;
  readonly limit: number;
}

export interface RequestList {
  readonly requests: readonly RequestView[];
  /** To be given as `cursor` for the next page; absent at the end. */
  readonly next?: string;
  readonly replicas?: ReplicaAnswers;
}

/** Of the replicas that hold something, how many were heard for an answer that is put together of what each holds. */
export interface ReplicaAnswers {
  readonly expected: number;
  readonly answered: number;
  /** The names of the others. */
  readonly missing: readonly string[];
}

/** As for `accept`, but in mode `values`. */
export type ValuesInput = Omit<AcceptInput, 'mode' | 'callbackUrl'>;

export type Value = Pick<StoredValue, 'number' | 'factors'>;

export type PostValuesResult =
  | { readonly kind: 'values'; readonly values: readonly Value[]; readonly quotas?: readonly QuotaState[] }
  | (UnfinishedValues & { readonly quotas?: readonly QuotaState[] })
  | Exclude<AcceptResult, { readonly kind: 'accepted' }>;

/** Numbers that were accepted together and are not all done. */
export interface UnfinishedValues {
  readonly kind: 'unfinished';
  readonly batchId: string;
  /** How many are. */
  readonly done: number;
  readonly total: number;
}

export type ValuesBatchResult =
  /** In the order in which they were asked for. */
  | { readonly kind: 'values'; readonly values: readonly Value[] }
  | UnfinishedValues
  /** Some ended without all their factors: `ended`, by index in the batch. */
  | {
      readonly kind: 'incomplete';
      readonly total: number;
      readonly ended: ReadonlyMap<number, EndedRequestName>;
    }
  /** It never was, or requests of it were deleted. */
  | { readonly kind: 'not_found' };

export interface EndedRequestName {
  readonly requestId: string;
  readonly number: string;
  readonly status: Status;
}

export interface ValuesOfQuery {
  /** Whose values, where callers don't share; and who pays for finding out whether it is prime. */
  readonly callerId: string;
  readonly prime: bigint;
  /** Only those greater than this number, in decimal. */
  readonly after?: string;
  /** At most `VALUES_PAGE_MAX`. */
  readonly limit: number;
  /** A page before this one has shown that it is prime. */
  readonly isKnownPrime?: boolean;
}

export type ValuesOfResult =
  | ValuesPage
  | { readonly kind: 'not_prime' }
  /** It was not found out in time whether it is prime. */
  | Unavailable;

/** A page of values, as `valueLine` writes them. */
export interface ValueLines {
  /** Ascending; perhaps fewer than asked for, and yet there are more. */
  readonly lines: readonly string[];
  /** To be given as `after` for the next page; absent at the end. */
  readonly next?: string;
}

export interface ValuesPage extends ValueLines {
  readonly kind: 'values';
  readonly replicas?: ReplicaAnswers;
}

export interface RequestView {
  readonly requestId: string;
  readonly callerId: string;
  readonly mode: Mode;
  readonly status: Status;
  /** In decimal. */
  readonly number: string;
  /** Known factors of a request that is `done` or `partial`, or was `partial` before it was resumed; empty otherwise. */
  readonly factors: readonly Factor[];
  readonly complete: boolean;
  readonly cpuMs: number;
  readonly acceptedAtMs: number;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  readonly callbackUrl?: string;
  /** Of a request with a callback URL. */
  readonly delivery?: Delivery;
  /** Of a `failed` request. */
  readonly error?: { readonly code: ErrorCode; readonly reason: string };
  /** While queued: how many of its caller's requests at most go first. */
  readonly position?: number;
  /** While queued or running: a guess of the milliseconds until it ends. */
  readonly expectedMs?: number;
  /** While running. */
  readonly progress?: Progress;
  readonly timeline: readonly (TimelineEvent | { readonly event: 'accepted'; readonly atMs: number })[];
}
