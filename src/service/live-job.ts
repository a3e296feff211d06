/**
 * What memory knows of a number being factored and of the requests that wait for it. Requests whose work has the same key share one job.
 *
 * Small numbers have a job too, but none of its parts: they are done in one go. Those of guests have one for a whole group.
 */
import type { Factor } from '../domain/factorization.ts';
import type { StoredRequest, TimelineEvent } from '../domain/request.ts';
import type { JobState, Progress } from '../kernel/kernel.ts';

/** What came of a job, for those who wait for it. */
export type JobOutcome =
  | { readonly kind: 'done' | 'partial'; readonly factors: readonly Factor[] }
  | { readonly kind: 'failed'; readonly code: 'job_broke_workers'; readonly reason: string }
  | { readonly kind: 'cancelled' };
/** Of a group that is done: the factors of each of its numbers. */
export interface GroupOutcome {
  readonly kind: 'group';
  readonly factors: readonly (readonly Factor[])[];
}

export interface LiveJob {
  /** Its work key. */
  readonly key: string;
  readonly number: string;
  readonly value: bigint;
  readonly small: boolean;
  /** Small numbers that are done together, in place of `value`; of guests only. */
  readonly group?: readonly bigint[];
  /** What it takes of the memory for long jobs; 0 for one that is shorter than a slice. Depends on the number alone. */
  readonly placeBytes: number;
  readonly members: Set<LiveRequest>;
  /** Set while a worker has it. */
  running: boolean;
  /** CPU milliseconds spent on the number, also before this process. */
  cpuMs: number;
  startedAtMs?: number;
  /** Its place in memory, between and during slices. */
  memory?: WebAssembly.Memory;
  state?: JobState;
  /** The log as read from the store, until it is fed into a memory. Undefined: not read yet, or no longer valid. */
  log?: readonly Uint8Array[];
  /** Chunks that helpers have made since its last slice. */
  learnt: readonly Uint8Array[];
  /** What these helpers used of CPU time, in ms; not in `cpuMs` yet. */
  helpCpuMs: number;
  /** Chunks that are not in the store yet. */
  unsaved: readonly Uint8Array[];
  /** When they last went there, by the monotonic clock. */
  savedAtMs: number;
  /** Its CPU milliseconds as they last went there. */
  savedCpuMs: number;
  /** Whether it has broken a worker. */
  hasBroken: boolean;
  progress?: Progress;
  /** Known factors, from the last slice. */
  factors: readonly Factor[];
  pauses?: { readonly atMs: number; times: number; lastResumedAtMs: number };
  parkedAtMs?: number;
  /** Why it had to be taken up again from its log, with the times. */
  recoveries: readonly TimelineEvent[];
}

/** A request that has not ended on disk. */
export interface LiveRequest {
  readonly stored: StoredRequest;
  readonly job: LiveJob;
  /** `ending`: its end is on the way to the disk; it can't be cancelled any more. */
  phase: 'waiting' | 'ending';
  /** The CPU milliseconds of its job at which its own budget began: when its job first ran for it, perhaps before this process. */
  budgetFromMs?: number;
  /** Set for one that is in memory alone, and has no row in the store: see `Guests`. */
  readonly guest?: Guest;
}

/** Whoever a request without a row is for. */
export interface Guest {
  /** How it ended; told once, when it is in the set no more. */
  ended(outcome: JobOutcome | GroupOutcome): void;
  /** A slice of its job is over, and the job is not. */
  paused(job: LiveJob): void;
}

/** What a number needs, whoever asks for it and whenever. */
export interface JobNeeds {
  readonly small: boolean;
  readonly placeBytes: number;
}

/** Shared by all jobs, most of which never have any of these. */
const NONE: readonly never[] = [];

export function createJob(
  key: string,
  number: string,
  value: bigint,
  needs: JobNeeds,
  nowMs: number,
): LiveJob {
  return {
    key,
    number,
    value,
    ...needs,
    members: new Set(),
    running: false,
    cpuMs: 0,
    unsaved: NONE,
    learnt: NONE,
    helpCpuMs: 0,
    savedAtMs: nowMs,
    savedCpuMs: 0,
    hasBroken: false,
    factors: NONE,
    recoveries: NONE,
  };
}

/** Whether a request still waits for it. */
export function isWanted(job: LiveJob): boolean {
  for (const member of job.members) if (member.phase === 'waiting') return true;
  return false;
}

/** When work for the request began, perhaps before this process; undefined if it has not. It may have joined a job under way. */
export function startTimeMs({ stored, job }: LiveRequest): number | undefined {
  if (stored.state.startedAtMs !== undefined || job.startedAtMs === undefined)
    return stored.state.startedAtMs;
  return Math.max(job.startedAtMs, lastEventMs(stored));
}

/** What happened to the request through its job, to stand behind what is stored of its timeline. */
export function jobEvents(live: LiveRequest): TimelineEvent[] {
  const { stored, job } = live;
  const sinceMs = lastEventMs(stored);
  const startMs = startTimeMs(live);
  const events: TimelineEvent[] = job.recoveries.filter(({ atMs }) => atMs >= sinceMs);
  if (startMs !== undefined) events.unshift({ event: 'started', atMs: startMs });
  const { pauses } = job;
  if (pauses && pauses.lastResumedAtMs >= sinceMs)
    events.push({ event: 'paused', ...pauses, atMs: Math.max(pauses.atMs, sinceMs) });
  return events.toSorted((a, b) => a.atMs - b.atMs);
}

/** When the request was accepted, or queued again: nothing that happened to its job before concerns it. */
function lastEventMs({ timeline, acceptedAtMs }: StoredRequest): number {
  return timeline.at(-1)?.atMs ?? acceptedAtMs;
}
