/** The log of a job: what is found on the way to its factors, from which it goes on after a crash. */
export interface JobLogEntry {
  /** The number where callers share, or else its work key. */
  readonly number: string;
  readonly chunks: readonly Uint8Array[];
  readonly cpuMs: number;
  /** The requests that the job works for. */
  readonly started: readonly StartedRequest[];
  readonly atMs: number;
}

export interface StartedRequest {
  readonly seq: number;
  /** When work for it started. */
  readonly startedAtMs: number;
  /** The job's CPU milliseconds at which the request's budget began. */
  readonly budgetFromMs: number;
}

export interface JobLog {
  readonly chunks: readonly Uint8Array[];
  readonly cpuMs: number;
  readonly breaks: number;
}
