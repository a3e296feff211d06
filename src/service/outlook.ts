/** Where a queued request stands, as far as the queue of its caller and the measured history can tell. Pure. */
import type { StoredRequest } from '../domain/request.ts';
import type { Backlog } from '../scheduler/backlog.ts';
import { expectedWaitMs } from '../scheduler/expected-wait.ts';
import type { FairScheduler } from '../scheduler/fair-scheduler.ts';
import type { LiveSet } from './live-set.ts';
import type { Outlook } from './request-view.ts';

export interface OutlookParts {
  readonly backlog: Pick<Backlog, 'position' | 'total'>;
  readonly scheduler: Pick<FairScheduler, 'callerView' | 'estimateMs' | 'estimateMeanMs' | 'weights'>;
  readonly live: Pick<LiveSet, 'get'>;
  readonly workers: number;
}

export function outlookOf(
  stored: StoredRequest,
  { backlog, scheduler, live, workers }: OutlookParts,
): Outlook {
  const position = backlog.position(stored) ?? 0;
  const own = live.get(stored.seq);
  const caller = scheduler.callerView(stored.callerId);
  const meanMs = caller?.estimateMeanMs ?? 0;
  const expectedMs = expectedWaitMs({
    position,
    meanMs,
    ownMs: scheduler.estimateMs(stored.seq) ?? (own ? 0 : meanMs),
    weight: caller?.weight ?? 1,
    weights: Math.max(scheduler.weights, caller?.weight ?? 1),
    totalMs: backlog.total * scheduler.estimateMeanMs,
    workers,
  });
  return { position, expectedMs };
}
