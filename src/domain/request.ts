/** A request: one caller's wish to have one number factored, and everything that happened to it. */
import type { Delivery, DeliveryEvent } from './delivery.ts';
import type { ErrorCode } from './error-code.ts';
import type { Factor } from './factorization.ts';

/** The door a request came in by: fetched later, answered inline, called back, or kept as a value. Positions are stored: append only. */
export const MODES = ['queued', 'sync', 'async', 'values'] as const;
export type Mode = (typeof MODES)[number];

export const STATUSES = ['queued', 'running', 'done', 'partial', 'failed', 'cancelled'] as const;
export type Status = (typeof STATUSES)[number];

export function hasEnded(status: Status): boolean {
  return status !== 'queued' && status !== 'running';
}

/** Where a request stands in the store. `running` is not among them: it is known to memory only, and on disk is `queued`. */
export type StoredState =
  | {
      readonly kind: 'queued';
      readonly startedAtMs?: number;
      /** CPU milliseconds that its number had had when its present budget began; absent until that is on disk. */
      readonly budgetFromMs?: number;
      /** CPU milliseconds that its number has had, as far as that was on disk when it was read; absent where that is none. Of one that was resumed since, those that it had then. */
      readonly cpuMs?: number;
      /** Of one that was `partial` before: the factors known then. */
      readonly factors?: readonly Factor[];
    }
  | ({ readonly kind: 'done' } & Finished & { readonly factors: readonly Factor[] })
  | ({ readonly kind: 'partial' } & Finished & { readonly factors: readonly Factor[] })
  | ({ readonly kind: 'failed' } & Finished & { readonly code: ErrorCode; readonly reason: string })
  | ({ readonly kind: 'cancelled' } & Finished);

interface Finished {
  /** Absent where no work was done for it. */
  readonly startedAtMs?: number;
  readonly finishedAtMs: number;
  /** CPU milliseconds spent on this number on the way to the outcome, on all threads. */
  readonly cpuMs: number;
}

export type FinalState = Exclude<StoredState, { kind: 'queued' }>;

/** What happened after acceptance, oldest first, at most `TIMELINE_EVENTS_MAX` of them. `source` is absent where nothing was answered. */
export type TimelineEvent =
  | { readonly event: 'started'; readonly atMs: number }
  /** The first pause and the last resumption, with how many there were: work is cut into many slices. */
  | {
      readonly event: 'paused';
      readonly atMs: number;
      readonly times: number;
      readonly lastResumedAtMs: number;
    }
  /** Taken up again from its checkpoint after the service had stopped or a worker had failed. */
  | { readonly event: 'recovered'; readonly atMs: number; readonly reason: string }
  /** The caller gave it another CPU budget. */
  | { readonly event: 'resumed'; readonly atMs: number }
  | { readonly event: 'finished'; readonly atMs: number; readonly status: Status; readonly source?: Source }
  | DeliveryEvent;

/** Where an answer came from: computed for this request, computed for an equal number in flight, or known from before. */
export type Source = 'computed' | 'shared' | 'known';

export interface NewRequest {
  readonly seq: number;
  readonly token: string;
  readonly callerId: string;
  readonly mode: Mode;
  /** The number in decimal, without leading zeros. */
  readonly number: string;
  readonly acceptedAtMs: number;
  /** The how-manieth of the requests its caller had waiting: differences of ordinals give places in the queue. */
  readonly ordinal: number;
  /** Where its end is to be told; equal for the requests of one batch. */
  readonly callbackUrl?: string;
  /** Of one in mode `values`, and equal for the requests of one batch: how long its number is kept once it is done. The version is its sequence number. */
  readonly keep?: { readonly expiresAtMs?: number };
}

export interface StoredRequest extends NewRequest {
  readonly state: StoredState;
  readonly timeline: readonly TimelineEvent[];
  /** Of a request with a callback URL. */
  readonly delivery?: Delivery;
}
