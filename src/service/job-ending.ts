/** How a request ends with its job: the state and the timeline that are written down. Pure. */
import type { Source } from '../domain/request.ts';
import type { Ending } from './endings.ts';
import { jobEvents, startTimeMs, type JobOutcome, type LiveRequest } from './live-job.ts';

export interface JobEnd {
  readonly outcome: JobOutcome;
  readonly atMs: number;
  /** Absent where there is no answer. */
  readonly source?: Source;
  /** The request for which it was computed; the others share. */
  readonly seq?: number;
}

export function endingOf(live: LiveRequest, { outcome, atMs, source, seq }: JobEnd): Ending {
  const { stored, job } = live;
  const startMs = startTimeMs(live);
  const times = { ...(startMs !== undefined && { startedAtMs: startMs }), finishedAtMs: atMs };
  const isShared = source === 'computed' && seq !== undefined && stored.seq !== seq;
  const finished = {
    event: 'finished',
    atMs,
    status: outcome.kind,
    ...(source && { source: isShared ? 'shared' : source }),
  } as const;
  return {
    live,
    seq: stored.seq,
    state: { ...outcome, ...times, cpuMs: Math.max(job.cpuMs, stored.state.cpuMs ?? 0) },
    timeline: [...stored.timeline, ...jobEvents(live), finished],
    called: stored.callbackUrl !== undefined,
  };
}
