/**
 * Who is asked next, and where every stake waits (S2): the bookkeeping under the fair scheduler's rules.
 *
 * Invariants:
 *   T1. A caller who has something that can run is in `turns`, or follows a parked job that is. Those in `turns` who turn out
 *       to have nothing are taken out when they come up (`passOver`, `putRunningAside`), and what they wait for brings them back.
 *       So a turn costs O(log callers), amortised, however many callers are blocked, or wait for one running job.
 *   T2. A job is in `turns` if and only if it has followers and is not running. Many who wait for the same job and for nothing
 *       else thus enter and leave together.
 *   T3. Who is in `blocked` has nothing that can run.
 */
import { IndexedHeap } from '../base/indexed-heap.ts';
import { type Caller, comesFirst, type Contender, type Job, type Stake, type Turn } from './stake.ts';

export class TurnOrder {
  /** Callers who may have something that can run, and jobs with followers. */
  readonly #turns = new IndexedHeap<Contender>(comesFirst);
  /** Callers who have nothing but jobs that need a place. */
  readonly #blocked = new IndexedHeap<Contender>(comesFirst);

  /** Who comes first; with `blockedToo`, of those who wait for a place as well. */
  next(blockedToo: boolean): Contender | undefined {
    const first = this.#turns.top;
    const blocked = blockedToo ? this.#blocked.top : undefined;
    if (first === undefined || blocked === undefined) return first ?? blocked;
    return comesFirst(blocked, first) ? blocked : first;
  }

  /** The caller, who came first, has nothing that can run. */
  passOver(caller: Caller): void {
    // It may have left already, to follow its only job.
    if (caller.following !== undefined) return;
    this.leave(caller);
    if (caller.needing.size > 0) this.enter(caller, this.#blocked);
  }

  /** The job runs now, at the turn of the caller whose stake this is. */
  begin(turn: Turn): void {
    const { caller, stake } = turn;
    const { job } = stake;
    if (caller.following !== job) caller.ready.remove(stake);
    if (job.index >= 0) this.#turns.remove(job);
    job.running = turn;
  }

  /** The job does not run any more: all who wait for it stand again where they stood. */
  end(job: Job): void {
    const stake = job.running?.stake;
    const { asleep } = job;
    job.running = undefined;
    job.asleep = undefined;
    if (stake !== undefined && stake.entries.length > 0 && stake.caller.following !== job) this.settle(stake);
    asleep?.forEach((other) => this.settle(other));
    if (job.followers !== undefined && job.followers.size > 0) this.#turns.push(job);
  }

  /** The caller gets a second stake, thus something to choose: it competes for itself again. */
  unfollow(caller: Caller): void {
    const stake = caller.following?.stakeOf(caller);
    if (stake === undefined) return;
    this.leave(caller);
    this.settle(stake);
  }

  /** Puts a stake that is nowhere where it belongs (S2). */
  settle(stake: Stake): void {
    const { caller, job } = stake;
    if (job.running === undefined) {
      (job.needsPlace ? caller.needing : caller.ready).push(stake);
      if (caller.home !== this.#turns) {
        this.leave(caller);
        this.enter(caller, this.#turns);
      }
    } else if (job.running.stake !== stake) {
      job.asleep ??= new Set();
      job.asleep.add(stake);
    }
  }

  /** Takes a stake out of wherever it is (S2). */
  lift(stake: Stake): void {
    const { caller, job } = stake;
    if (stake.index >= 0) (job.needsPlace ? caller.needing : caller.ready).remove(stake);
    else if (caller.following === job) this.leave(caller);
    else job.asleep?.delete(stake);
  }

  /** To be called whenever the first entry of a stake has changed. */
  reorder(stake: Stake): void {
    if (stake.index >= 0) (stake.job.needsPlace ? stake.caller.needing : stake.caller.ready).update(stake);
  }

  /** Takes what is running out of the caller's way, as far as it comes first. */
  putRunningAside(caller: Caller): void {
    for (let stake = caller.ready.top; stake?.job.running !== undefined; stake = caller.ready.top) {
      caller.ready.remove(stake);
      if (caller.stakes === 1) this.#follow(caller, stake.job);
      else this.settle(stake);
    }
  }

  #follow(caller: Caller, job: Job): void {
    this.leave(caller);
    job.followers ??= new IndexedHeap(comesFirst);
    this.enter(caller, job.followers);
    caller.following = job;
  }

  /** Whether the caller has anything that can run now. */
  canRun(caller: Caller): boolean {
    this.putRunningAside(caller);
    return caller.following === undefined ? caller.ready.size > 0 : caller.following.running === undefined;
  }

  /** Puts a caller who is in no heap into this one. */
  enter(caller: Caller, home: IndexedHeap<Contender>): void {
    home.push(caller);
    caller.home = home;
  }

  /** Takes a caller out of the heap it is in, if any. */
  leave(caller: Caller): void {
    const job = caller.following;
    caller.home?.remove(caller);
    caller.home = undefined;
    caller.following = undefined;
    if (job !== undefined) this.#repositionJob(job);
  }

  /** To be called whenever the tag of a caller has changed. */
  reposition(caller: Caller): void {
    caller.home?.update(caller);
    if (caller.following !== undefined) this.#repositionJob(caller.following);
  }

  #repositionJob(job: Job): void {
    if (job.index < 0) return;
    if (job.followers !== undefined && job.followers.size > 0) this.#turns.update(job);
    else this.#turns.remove(job);
  }
}
