/**
 * Start-time fair queueing over callers (Goyal, Vin, Cheng: "Start-time Fair Queueing", SIGCOMM 1996), with virtual CPU time,
 * slices, jobs shared by several callers, and a bounded number of bytes for jobs that are not finished.
 *
 * Pure and synchronous: no clock, no I/O, no promises. Cost is CPU milliseconds, passed in. Nothing about workers appears
 * here: as many dispatches may be under way as there are workers, and more, since tiny jobs travel in batches.
 *
 * The rule. Each caller has a *tag*: the CPU time it received, divided by its weight. The next turn belongs to the caller with
 * the least tag among those who have something that can run; ties go to the one served longest ago. It runs its first entry:
 * those whose client waits inline, then in order of acceptance. A dispatch is charged in advance what it is expected to use,
 * at most a slice, and corrected afterwards.
 *
 * Equal numbers. A job runs at the turn of whichever of its callers comes first, who pays for that slice. While it runs, its
 * callers go on with their next entries; after it they stand where they stood. So nobody inherits the place of another.
 *
 * Places. A long job needs a place (see `Places`). The first one, in order of turns, that gets none becomes the *applicant*:
 * until it is served nobody else gets a place, and no more than that; its caller, like all others, goes on with what needs
 * none. So large jobs do not starve behind small ones, and short work never waits for memory.
 *
 * Invariants:
 *   F1. The floor is the greatest tag at which a turn began, thus the least tag of those who could run at that time; it never
 *       falls. When nothing waits or runs, it rises to the greatest tag there is: no debt outlives a busy period.
 *   F2. A caller with nothing that could run, when a place comes, or its own job back from its slice, goes on from the floor if
 *       it was below: capacity that it did not or could not use is no credit. When a request comes, it goes on from as much below
 *       the floor as the request is expected to be shorter than a slice. So short work, at its caller's first turn, goes before
 *       the slices of all who wait, however many; what that is worth is less than one slice, and once, since the tag is not
 *       lowered. While a caller waits for a place it keeps its tag, and with it its turn among those who wait for places.
 *   F3. A caller with no entries and nothing running is kept only while its tag is above the floor less a slice, and there are at most
 *       `IDLE_MAX` of those.
 *   F4. Tags are whole virtual microseconds, and each dispatch costs at least one, so that equal jobs are served in exact
 *       round robin and free ones cannot starve others.
 *   F5. Two callers who always have something to run differ in CPU time per weight by at most (W + 1) · U and the one slice of F2,
 *       where W is the number of dispatches under way and U the most that one of them used or was charged, per weight.
 */
import { assert } from '../base/assert.ts';
import { CallerRoster, TAGS_PER_MS, virtualCost } from './caller-roster.ts';
import type { Entry } from './entry.ts';
import { Places } from './places.ts';
import { type Caller, type Contender, Job, Stake, type Turn } from './stake.ts';
import { TurnOrder } from './turn-order.ts';

export interface Dispatch {
  readonly entry: Entry;
  readonly chargedMs: number;
  /** Jobs whose memory goes, before anything else is done; their log stays. Some may be gone already, which is no mistake. */
  readonly evict: readonly string[];
  /** Whether the job has memory from an earlier slice. */
  readonly resident: boolean;
}

export interface FairSchedulerOptions {
  /** Above 0; asked once whenever a caller appears. 1 for all by default. */
  readonly weightOf?: (callerId: string) => number;
  readonly sliceMs: number;
  readonly placeBytesMax: number;
  /** CPU milliseconds that a job has its place for at least. */
  readonly residencyMs: number;
}

export interface CallerView {
  readonly virtualMs: number;
  readonly weight: number;
  /** Entries held here, those of running jobs included. */
  readonly entries: number;
  /** Mean over its entries; 0 if there are none. */
  readonly estimateMeanMs: number;
}

export class FairScheduler {
  readonly #sliceMs: number;
  readonly #places: Places<Job>;
  readonly #stakes = new Map<number, Stake>();
  readonly #jobs = new Map<string, Job>();
  readonly #order = new TurnOrder();
  readonly #roster: CallerRoster;
  /** The job whose turn it is to get a place, with the tag that its caller had when it came up. */
  #applicant: { readonly job: Job; readonly tag: number } | undefined;
  /** Whether there may be room for the applicant now. */
  #placesChanged = false;
  /** Jobs evicted and not yet reported. */
  #evicted: string[] = [];
  #dispatches = 0;
  #running = 0;
  #estimateMs = 0;

  constructor({ weightOf = () => 1, sliceMs, placeBytesMax, residencyMs }: FairSchedulerOptions) {
    assert(sliceMs > 0, `A slice must be above 0 ms: ${sliceMs}`);
    this.#sliceMs = sliceMs;
    this.#roster = new CallerRoster(weightOf, sliceMs, this.#order);
    this.#places = new Places(placeBytesMax, residencyMs);
  }

  /** A new entry waits. Its `seq` must not be that of another one held. */
  add(entry: Entry): void {
    assert(!this.#stakes.has(entry.seq), () => `Entry ${entry.seq} was added already`);
    assert(
      entry.estimateMs >= 0,
      () => `The estimate of entry ${entry.seq} must not be negative: ${entry.estimateMs} ms`,
    );
    const caller = this.#roster.find(entry.callerId) ?? this.#roster.admit(entry.callerId);
    const job = this.#jobs.get(entry.job) ?? this.#newJob(entry);
    this.#roster.count(caller, entry.estimateMs);
    this.#estimateMs += entry.estimateMs;
    let stake = job.stakeOf(caller);
    if (stake === undefined) {
      stake = new Stake(caller, job, entry);
      this.#join(stake);
    } else {
      stake.insert(entry);
      this.#order.reorder(stake);
    }
    this.#stakes.set(entry.seq, stake);
  }

  /**
   * Takes an entry out: cancelled, or left to the store. A job that runs for it runs on to the end of its slice. When this was
   * the job's last entry, `hasJob` tells whether its memory can go now or, being in use, after `park` or `finish`.
   */
  remove(seq: number): Entry | undefined {
    const stake = this.#stakes.get(seq);
    if (stake === undefined) return undefined;
    const { caller, job } = stake;
    // The order of a stake is that of its first entry, so one without entries must not stand in a heap.
    if (stake.entries.length === 1) this.#withdraw(stake);
    const entry = stake.take(seq);
    this.#order.reorder(stake);
    this.#forgetEntry(entry, caller);
    if (job.abandoned && job.running === undefined) this.#dropJob(job);
    this.#retire(caller);
    return entry;
  }

  /** The client of this entry no longer waits inline. */
  demote(seq: number): void {
    const stake = this.#stakes.get(seq);
    if (stake === undefined) return;
    stake.insert({ ...stake.take(seq), urgent: false });
    this.#order.reorder(stake);
  }

  has(seq: number): boolean {
    return this.#stakes.has(seq);
  }

  /** Whether the job has entries waiting or is running. */
  hasJob(job: string): boolean {
    return this.#jobs.has(job);
  }

  /** What is left of the entry's job, as far as is known. */
  estimateMs(seq: number): number | undefined {
    return this.#stakes.get(seq)?.job.estimateMs;
  }

  /**
   * The next turn; undefined if there is nothing that can run. With a bound, undefined as well if what comes next is expected
   * to take longer; the order of turns is then unchanged, so that batches of tiny jobs keep the order of single picks.
   * Ask again after each `add`, `park`, `finish` and `remove`.
   */
  pick(estimateMsMax = Infinity): Dispatch | undefined {
    if (this.#applicant !== undefined && this.#placesChanged)
      this.#apply(this.#applicant.job, this.#applicant.tag);
    for (let contender = this.#next; contender !== undefined; contender = this.#next) {
      const stake =
        contender instanceof Job ? contender.stakeOf(contender.lead) : this.#choose(contender.lead);
      if (stake !== undefined)
        return stake.job.estimateMs > estimateMsMax ? undefined : this.#dispatch(stake);
    }
    return undefined;
  }

  /**
   * The slice is over and the job unfinished: it waits again, where it stood. `usedMs` is the CPU time of this slice.
   * If nobody waits for it any more (see `hasJob`), its memory can go.
   */
  park(dispatch: Dispatch, usedMs: number, estimateLeftMs?: number): void {
    const { caller, stake, memoryLost } = this.#stop(dispatch, usedMs);
    const { job } = stake;
    const alive = stake.entries.length > 0;
    if (alive && !this.#order.canRun(caller)) this.#roster.raise(caller);
    job.hasMemory = !memoryLost;
    job.placeCpuMs += usedMs;
    job.placeTag = caller.tag;
    // Without a word about it, what was expected and not yet used; where that was too little, another slice.
    job.estimateMs = estimateLeftMs ?? (job.estimateMs > usedMs ? job.estimateMs - usedMs : this.#sliceMs);
    this.#placesChanged ||= job.placeBytes > 0;
    this.#order.end(job);
    if (job.abandoned) this.#dropJob(job);
    this.#retire(caller);
  }

  /** The job is over. Everyone's entries for it leave and are returned, that of the dispatch among them unless it was removed. */
  finish(dispatch: Dispatch, usedMs: number): Entry[] {
    const { caller, stake } = this.#stop(dispatch, usedMs);
    const { job } = stake;
    const stakes = job.stakes();
    const left: Entry[] = [];
    for (const each of stakes) {
      this.#withdraw(each);
      for (const entry of each.entries) {
        this.#forgetEntry(entry, each.caller);
        left.push(entry);
      }
    }
    this.#dropJob(job);
    for (const each of stakes) this.#retire(each.caller);
    this.#retire(caller);
    return left;
  }

  /** The job has lost its memory, and its place with it. Its entries still wait; a dispatch under way must still be settled. */
  drop(jobId: string): void {
    const job = this.#jobs.get(jobId);
    if (job === undefined) return;
    if (job.running !== undefined) job.running.memoryLost = true;
    this.#vacate(job);
  }

  /** Entries held, those of running jobs included. */
  get entries(): number {
    return this.#stakes.size;
  }

  /** Callers remembered, the idle ones among them. */
  get callers(): number {
    return this.#roster.size;
  }

  /** Expected CPU milliseconds of an entry, on average; 0 if there is none. */
  get estimateMeanMs(): number {
    return this.#stakes.size === 0 ? 0 : this.#estimateMs / this.#stakes.size;
  }

  /** Dispatches under way. */
  get running(): number {
    return this.#running;
  }

  /** Sum of the weights of all callers with entries. */
  get weights(): number {
    return this.#roster.weights;
  }

  get placeBytes(): number {
    return this.#places.bytes;
  }

  get floorMs(): number {
    return this.#roster.floorMs;
  }

  /** Undefined for one who has nothing here and owes nothing. */
  callerView(callerId: string): CallerView | undefined {
    const caller = this.#roster.find(callerId);
    if (caller === undefined) return undefined;
    const { tag, weight, entries, estimateMs } = caller;
    const estimateMeanMs = entries === 0 ? 0 : estimateMs / entries;
    return { virtualMs: tag / TAGS_PER_MS, weight, entries, estimateMeanMs };
  }

  // Turns

  get #next(): Contender | undefined {
    return this.#order.next(this.#applicant === undefined);
  }

  /** What the caller, being first, does with its turn; undefined if it has nothing, or if places have changed hands. */
  #choose(caller: Caller): Stake | undefined {
    this.#order.putRunningAside(caller);
    const ready = caller.ready.top;
    const needing = this.#applicant === undefined ? caller.needing.top : undefined;
    if (needing !== undefined && (ready === undefined || needing.goesBefore(ready))) {
      this.#apply(needing.job, caller.tag);
      return undefined;
    }
    if (ready === undefined) this.#order.passOver(caller);
    return ready;
  }

  #dispatch(stake: Stake): Dispatch {
    const { caller, job } = stake;
    const chargedMs = Math.min(job.estimateMs, this.#sliceMs);
    const charge = virtualCost(chargedMs, caller.weight);
    const evict = this.#evicted;
    this.#evicted = [];
    const dispatch = { entry: stake.first, chargedMs, evict, resident: job.hasMemory };
    this.#roster.raiseFloor(caller.tag);
    this.#order.begin({ dispatch, caller, stake, charge, memoryLost: false });
    this.#running++;
    caller.running++;
    caller.tag += charge;
    caller.served = ++this.#dispatches;
    job.placeTag = caller.tag;
    this.#order.reposition(caller);
    return dispatch;
  }

  #stop(dispatch: Dispatch, usedMs: number): Turn {
    const turn = this.#jobs.get(dispatch.entry.job)?.running;
    assert(turn?.dispatch === dispatch, () => `The dispatch of entry ${dispatch.entry.seq} is not under way`);
    assert(
      usedMs >= 0,
      () => `The time used for entry ${dispatch.entry.seq} must not be negative: ${usedMs} ms`,
    );
    const { caller, charge } = turn;
    this.#running--;
    caller.running--;
    caller.tag += virtualCost(usedMs, caller.weight) - charge;
    this.#order.reposition(caller);
    return turn;
  }

  // Stakes

  #join(stake: Stake): void {
    const { caller, job } = stake;
    const runnable = job.running === undefined && !job.needsPlace;
    this.#roster.wake(caller);
    if (!this.#order.canRun(caller) && (runnable || caller.needing.size === 0))
      this.#roster.raise(caller, this.#roster.headStart(caller, job.estimateMs));
    this.#order.unfollow(caller);
    caller.stakes++;
    job.addStake(stake);
    this.#order.settle(stake);
  }

  /** Takes the stake away from its caller and its job. */
  #withdraw(stake: Stake): void {
    const { caller, job } = stake;
    this.#order.lift(stake);
    job.removeStake(stake);
    caller.stakes--;
    if (caller.stakes === 0) this.#order.leave(caller);
  }

  // Places

  /** Gives the job its place if there is room for it, or can be made; else it becomes, or stays, the applicant. */
  #apply(job: Job, tag: number): void {
    const { granted, evict } = this.#places.judge(job.placeBytes, tag);
    for (const tenant of evict) {
      this.#vacate(tenant);
      this.#evicted.push(tenant.id);
    }
    this.#placesChanged = false;
    this.#applicant = granted ? undefined : { job, tag };
    if (!granted) return;
    const stakes = job.stakes();
    for (const { caller } of stakes) if (!this.#order.canRun(caller)) this.#roster.raise(caller);
    for (const stake of stakes) this.#order.lift(stake);
    this.#places.take(job);
    job.hasPlace = true;
    job.placeCpuMs = 0;
    job.placeTag = 0;
    for (const stake of stakes) this.#order.settle(stake);
  }

  /** The job loses its memory, and its place if it has one. */
  #vacate(job: Job): void {
    const stakes = job.stakes();
    for (const stake of stakes) this.#order.lift(stake);
    this.#releasePlace(job);
    job.hasMemory = false;
    for (const stake of stakes) this.#order.settle(stake);
  }

  #releasePlace(job: Job): void {
    if (!job.hasPlace) return;
    this.#places.release(job);
    job.hasPlace = false;
    this.#placesChanged = true;
  }

  // Entries and jobs

  #newJob(entry: Entry): Job {
    const job = new Job(entry);
    this.#jobs.set(job.id, job);
    return job;
  }

  #forgetEntry(entry: Entry, caller: Caller): void {
    this.#stakes.delete(entry.seq);
    this.#roster.uncount(caller, entry.estimateMs);
    this.#estimateMs = this.#stakes.size === 0 ? 0 : this.#estimateMs - entry.estimateMs;
  }

  #dropJob(job: Job): void {
    this.#releasePlace(job);
    this.#jobs.delete(job.id);
    if (this.#applicant?.job === job) this.#applicant = undefined;
  }

  #retire(caller: Caller): void {
    this.#roster.retire(caller);
    if (this.#jobs.size === 0) this.#roster.rest();
  }
}
