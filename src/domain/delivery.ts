/** The callback of a request: how it stands, and what is told of its attempts. */

/** `pending` from acceptance on; `dead` after the last attempt, until somebody asks to send it again. */
export const DELIVERY_STATUSES = ['pending', 'delivered', 'dead'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

export interface Delivery {
  readonly status: DeliveryStatus;
  /**
   * Numbers the callbacks of a caller on this shard from 1 on, without gaps, in the order in which their requests ended. Absent
   * until the request has ended.
   */
  readonly sequence?: number;
  /** The shard that gave the sequence number. Absent: the one that the request is on now. */
  readonly shard?: number;
  /** Made so far; counted anew when it is sent again on request. */
  readonly attempts: number;
  /** When the next attempt is due. Absent: none will be made. */
  readonly dueAtMs?: number;
}

export type DeliveryEvent =
  /** One attempt, told when it was over. `error` is its class where no status came; `nextAtMs` is absent after the last one. */
  | {
      readonly event: 'attempted';
      readonly atMs: number;
      readonly durationMs: number;
      readonly status?: number;
      readonly error?: string;
      readonly nextAtMs?: number;
    }
  | { readonly event: 'delivered'; readonly atMs: number }
  | { readonly event: 'dead'; readonly atMs: number; readonly reason: string }
  /** Somebody asked to send it again. */
  | { readonly event: 'redelivery'; readonly atMs: number };

/** A place in the order in which the callbacks of a caller are due. */
export interface CallbackKey {
  readonly dueAtMs: number;
  readonly sequence: number;
  /** As in `Delivery`: sequence numbers of different shards are different callbacks. */
  readonly shard?: number;
}

export interface DueCallback extends CallbackKey {
  /** Of the request. */
  readonly seq: number;
  readonly url: string;
}

/** Whether `a` is due before `b`, both of one caller. */
export function isDueBefore(a: CallbackKey, b: CallbackKey): boolean {
  if (a.dueAtMs !== b.dueAtMs) return a.dueAtMs < b.dueAtMs;
  return a.sequence === b.sequence ? shardOrder(a) < shardOrder(b) : a.sequence < b.sequence;
}

/** Whether it is the same attempt of the same callback. */
export function isSameAttempt(a: CallbackKey, b: CallbackKey): boolean {
  return a.dueAtMs === b.dueAtMs && a.sequence === b.sequence && a.shard === b.shard;
}

/** Callbacks that were numbered here go first among equals. */
function shardOrder({ shard = -1 }: CallbackKey): number {
  return shard;
}
