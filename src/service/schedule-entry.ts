/** A request in memory as the scheduler sees it. */
import type { Entry } from '../scheduler/entry.ts';
import type { CostModel } from './cost-model.ts';
import type { LiveRequest } from './live-job.ts';

export interface EntryRules {
  readonly costs: CostModel;
  /** What a batch of small numbers may take: nothing else is estimated to take so little. */
  readonly batchMs: number;
}

/** `urgent`: its client waits inline. */
export function scheduleEntry(
  { stored, job }: LiveRequest,
  urgent: boolean,
  { costs, batchMs }: EntryRules,
): Entry {
  const expectedMs = costs.expectedMs(job.value, job.number);
  return {
    seq: stored.seq,
    callerId: stored.callerId,
    job: job.key,
    estimateMs: job.small ? Math.min(expectedMs, batchMs) : Math.max(expectedMs, batchMs * 2),
    placeBytes: job.placeBytes,
    urgent,
  };
}
