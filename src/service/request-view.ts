/** A request as its caller sees it: what is stored, and on top of it what memory knows. Pure. */
import type { RequestView } from './service.ts';
import { formatRequestId } from '../domain/request-id.ts';
import type { StoredRequest } from '../domain/request.ts';
import { jobEvents, startTimeMs, type LiveRequest } from './live-job.ts';

export interface Outlook {
  readonly position: number;
  readonly expectedMs: number;
}

/** The shard in it is the one that the request was born in, whichever has it now. */
export function requestIdOf({ seq, token }: Pick<StoredRequest, 'seq' | 'token'>): string {
  return formatRequestId({ seq, token });
}

/** Of a request that has ended, or that waits in the store with no more known of it than `outlook`. */
export function viewOfStored(stored: StoredRequest, outlook?: Outlook): RequestView {
  const { state } = stored;
  const base = {
    requestId: requestIdOf(stored),
    callerId: stored.callerId,
    mode: stored.mode,
    status: state.kind,
    number: stored.number,
    factors: ('factors' in state && state.factors) || [],
    complete: state.kind === 'done',
    cpuMs: state.cpuMs ?? 0,
    acceptedAtMs: stored.acceptedAtMs,
    ...(state.startedAtMs !== undefined && { startedAtMs: state.startedAtMs }),
    ...(stored.callbackUrl !== undefined && { callbackUrl: stored.callbackUrl }),
    ...(stored.delivery && { delivery: stored.delivery }),
    timeline: [{ event: 'accepted', atMs: stored.acceptedAtMs } as const, ...stored.timeline],
  };
  if (state.kind === 'queued') return { ...base, ...outlook };
  if (state.kind !== 'failed') return { ...base, finishedAtMs: state.finishedAtMs };
  return { ...base, finishedAtMs: state.finishedAtMs, error: { code: state.code, reason: state.reason } };
}

/** Of a request that is in memory. `status` is `running` while a worker has its job, and between slices once it has started. */
export function viewOfLive(live: LiveRequest, outlook: Outlook): RequestView {
  const { stored, job } = live;
  const startMs = startTimeMs(live);
  if (job.startedAtMs === undefined || startMs === undefined) return viewOfStored(stored, outlook);
  const view = viewOfStored(stored);
  // Once a job runs, only the job itself can say how long it will take; where it can't, nothing is said.
  const remainingMs = job.progress ? job.progress.remainingMs : outlook.expectedMs;
  return {
    ...view,
    ...(remainingMs !== undefined && { expectedMs: Math.max(remainingMs, outlook.expectedMs) }),
    status: 'running',
    // Until the log of a request that goes on is read, what is stored of it is more.
    cpuMs: Math.max(job.cpuMs, view.cpuMs),
    startedAtMs: startMs,
    ...(job.progress && { progress: job.progress }),
    timeline: [...view.timeline, ...jobEvents(live)],
  };
}
