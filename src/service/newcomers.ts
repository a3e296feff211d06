/**
 * Who may begin to wait. Each caller of whom something waits takes memory, 2 to 6 KB for its first request and its place in the queue;
 * and caller ids cost nothing. So there is a bound on how many have requests that wait, and one on how many have
 * callbacks to be delivered: those may stay for days, and keep nobody from the rest.
 *
 * Invariants:
 *   N1. A caller that is present goes on, however many there are.
 *   N2. What the store holds already (from before a restart, or from a replica that left) is taken up, however many callers it is of.
 */
import type { Backlog } from '../scheduler/backlog.ts';
import type { Deliveries } from './deliveries.ts';
import type { Unavailable } from './service.ts';

export interface NewcomerParts {
  readonly backlog: Pick<Backlog, 'callers' | 'present'>;
  readonly deliveries: Pick<Deliveries, 'callers' | 'has'>;
  /** Callers with requests that wait; and as many with callbacks to be delivered. */
  readonly callersMax: number;
}

/** What is to wait: a request, the callback of its end, or both. */
export interface ToWait {
  readonly request: boolean;
  readonly callback: boolean;
}

/** Why this caller may not have something new wait; undefined if it may. */
export type RefuseNewcomer = (callerId: string, toWait: ToWait) => Unavailable | undefined;

/** Their places become free as requests end and callbacks are told. */
const RETRY_AFTER_MS = 2_000;

export function newcomerCheck({ backlog, deliveries, callersMax }: NewcomerParts): RefuseNewcomer {
  const crowded: Unavailable = {
    kind: 'unavailable',
    code: 'overloaded',
    retryAfterMs: RETRY_AFTER_MS,
    detail: `Too many callers are waiting: ${callersMax} may have requests or callbacks that wait, and this one has none yet`,
  };
  return (callerId, { request, callback }) => {
    const isFull =
      (request && backlog.callers >= callersMax) || (callback && deliveries.callers >= callersMax);
    return isFull && backlog.present(callerId) === 0 && !deliveries.has(callerId) ? crowded : undefined;
  };
}
