/** The use cases, as whatever stands above (HTTP, tests) sees them. No HTTP word appears here. */
import type { Delivery, DeliveryStatus } from '../domain/delivery.ts';
import type { ErrorCode } from '../domain/error-code.ts';
import type { Factor } from '../domain/factorization.ts';
import type { Mode, Status, TimelineEvent } from '../domain/request.ts';
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
  list(query: ListRequests): Promise<{ readonly requests: readonly RequestView[]; readonly next?: string }>;
  cancel(requestId: string): Promise<ChangeResult>;
  resume(requestId: string): Promise<ChangeResult>;
  /** Makes the callback of a request that has ended due now, whatever became of it. */
  redeliver(requestId: string): Promise<ChangeResult>;
  /** Whether work can be accepted now, and the reasons if not. */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
}

export interface AcceptInput {
  readonly callerId: string;
  readonly mode: Mode;
  /** 1 to `BATCH_NUMBERS_MAX` numbers, each at least 1 and within the digits configured. */
  readonly numbers: readonly bigint[];
  /** Where the end of each is to be told; judged already. */
  readonly callbackUrl?: string;
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
  | {
      readonly kind: 'unavailable';
      readonly code: ErrorCode & ('store_full' | 'overloaded' | 'stopping');
      readonly retryAfterMs: number;
    };

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
  readonly name: QuotaName;
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
  /** The store has no room to write it down; nothing has changed for sure. */
  | {
      readonly kind: 'unavailable';
      readonly code: ErrorCode & ('store_full' | 'stopping');
      readonly retryAfterMs: number;
    };

export interface ListRequests {
  readonly callerId?: string;
  readonly mode?: Mode;
  readonly status?: Status;
  readonly delivery?: DeliveryStatus;
  /** `next` of the page before. */
  readonly cursor?: string;
  readonly limit: number;
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
