/**
 * The requests that are in memory because they wait, run, or are about to be told as ended; and their jobs by work key.
 *
 * Invariant: a job is in the map if and only if one of the requests that joined it is.
 */
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { StoredRequest } from '../domain/request.ts';
import { workKeys, type WorkKeyOf } from '../domain/work-key.ts';
import { createJob, type Guest, type JobNeeds, type LiveJob, type LiveRequest } from './live-job.ts';

export class LiveSet {
  readonly #needsOf: (n: bigint) => JobNeeds;
  readonly #clock: Clock;
  readonly #workKeyOf: WorkKeyOf;
  readonly #requests = new Map<number, LiveRequest>();
  readonly #jobs = new Map<string, LiveJob>();

  constructor(needsOf: (n: bigint) => JobNeeds, clock: Clock, workKeyOf: WorkKeyOf = workKeys(true)) {
    this.#workKeyOf = workKeyOf;
    this.#needsOf = needsOf;
    this.#clock = clock;
  }

  get size(): number {
    return this.#requests.size;
  }

  get(seq: number): LiveRequest | undefined {
    return this.#requests.get(seq);
  }

  findJob(key: string): LiveJob | undefined {
    return this.#jobs.get(key);
  }

  /** The job of that work key, which some request in the set waits for. */
  job(key: string): LiveJob {
    const job = this.#jobs.get(key);
    assert(job !== undefined, () => `There is no job for ${key}`);
    return job;
  }

  jobs(): Iterable<LiveJob> {
    return this.#jobs.values();
  }

  /** Adds a queued request; one for work that is already being done joins that job. `guest`: it has no row in the store. */
  add(stored: StoredRequest, guest?: Guest): LiveRequest {
    assert(!this.#requests.has(stored.seq), () => `Request ${stored.seq} is in memory already`);
    const key = this.#workKeyOf(stored.number, stored.callerId);
    const job = this.#openJob(key) ?? this.#newJob(key, stored.number);
    const live: LiveRequest = { stored, job, phase: 'waiting', ...(guest && { guest }) };
    job.members.add(live);
    this.#requests.set(stored.seq, live);
    return live;
  }

  /** Adds a guest for small numbers that are done together; they share their work with nobody, which would cost more than they do. */
  addGroup(stored: StoredRequest, guest: Guest, group: readonly bigint[]): LiveRequest {
    // No work key has a letter before its first line ends.
    const key = `group ${stored.seq}`;
    const needs = { small: true, placeBytes: 0 };
    const job: LiveJob = { ...createJob(key, stored.number, 0n, needs, this.#clock.monotonicMs()), group };
    const live: LiveRequest = { stored, job, phase: 'waiting', guest };
    job.members.add(live);
    this.#jobs.set(key, job);
    this.#requests.set(stored.seq, live);
    return live;
  }

  delete(live: LiveRequest): void {
    const { job } = live;
    this.#requests.delete(live.stored.seq);
    job.members.delete(live);
    if (job.members.size === 0 && this.#jobs.get(job.key) === job) this.#jobs.delete(job.key);
  }

  /** Forgets everything: nothing works on it any more. */
  clear(): void {
    this.#requests.clear();
    this.#jobs.clear();
  }

  /** A job whose requests are all ending has said its last word: whoever comes now needs a new one. */
  #openJob(key: string): LiveJob | undefined {
    const job = this.#jobs.get(key);
    if (!job) return undefined;
    for (const member of job.members) if (member.phase === 'waiting') return job;
    return undefined;
  }

  #newJob(key: string, number: string): LiveJob {
    const value = BigInt(number);
    const job = createJob(key, number, value, this.#needsOf(value), this.#clock.monotonicMs());
    this.#jobs.set(key, job);
    return job;
  }
}
