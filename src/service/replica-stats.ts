/** What a replica counts, for those who watch over it. */
import type { FinalState } from '../domain/request.ts';

export interface ReplicaStats {
  /** Requests accepted and not ended, in memory or in the store only. */
  readonly waiting: number;
  /** Of these, in memory. */
  readonly loaded: number;
  readonly callers: number;
  readonly workers: number;
  readonly busyWorkers: number;
  /** Memory of long jobs that are begun and not finished. */
  readonly placeBytes: number;
  /** Since the start of the process. */
  readonly accepted: number;
  /** Numbers posted as values whose clients wait for their factors. */
  readonly guests: number;
  /** Since the start of the process: values kept by POSTs that were answered with them. */
  readonly valuesKept: number;
  readonly ended: Readonly<Record<FinalState['kind'], number>>;
  readonly brokenWorkers: number;
  /** Callbacks due now or later that are in memory, and attempts under way. */
  readonly callbacks: { readonly waiting: number; readonly underWay: number };
  /** Since the start of the process. */
  readonly callbackCounts: { readonly attempts: number; readonly delivered: number; readonly dead: number };
}
