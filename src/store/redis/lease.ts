/**
 * The lease of the database that is ours, kept up from here.
 *
 * Invariants:
 *   K1. `isHeld` only until before the lease may run out in Redis: the deadline counts from when the last renewal that succeeded was sent.
 *   K2. `onHeld` is told of each such deadline, and of 0 once the lease is lost or given back.
 *   K3. Where another epoch, or none, is found, it is lost for good.
 */
import type { Clock } from '../../base/clock.ts';
import { StoreError } from '../store.ts';
import type { Claim } from './claim.ts';
import { LEASE_KEY, RELEASE, RELEASE_EMPTIED, RENEW } from './lease-scripts.ts';
import type { RedisReply } from './redis-link.ts';

/** What goes with the lease. */
export interface Emptied {
  readonly tableKeys: readonly string[];
  /** What the next owner has to go on from; may be empty. */
  readonly sequences: string;
}

export class Lease {
  readonly #claim: Claim;
  readonly #leaseMs: number;
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly #onHeld: (deadlineMs: number) => void;
  readonly #ending = new AbortController();
  readonly #lost = Promise.withResolvers<StoreError>();
  /** Resolves once it is lost. */
  readonly lost = this.#lost.promise;
  #deadlineMs = 0;
  #renewal: Promise<void> | undefined;

  /** `onHeld`: told until when it is held, in time of the clock. */
  constructor(
    claim: Claim,
    leaseMs: number,
    clock: Pick<Clock, 'monotonicMs' | 'sleep'>,
    onHeld: (deadlineMs: number) => void = () => undefined,
  ) {
    this.#claim = claim;
    this.#leaseMs = leaseMs;
    this.#clock = clock;
    this.#onHeld = onHeld;
    this.#hold(claim.heldFromMs + leaseMs);
    void this.#keep();
  }

  /** What every script that is for the owner alone begins its arguments with. */
  get proof(): readonly [owner: string, epoch: string] {
    return [this.#claim.owner, this.#claim.epoch];
  }

  get isHeld(): boolean {
    return this.#clock.monotonicMs() < this.#deadlineMs;
  }

  /** Resolves as soon as it is held; rejects with `lost`, or once it ends. */
  async held(): Promise<void> {
    while (!this.isHeld) {
      await this.renew();
    }
  }

  /** Resolves once it has been prolonged, however long that takes; rejects with `lost`, or once it ends. */
  renew(): Promise<void> {
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined));
    return this.#renewal;
  }

  /**
   * Throws `lost` where the reply of a script says so, and makes it known.
   */
  check(reply: RedisReply): string {
    const [outcome, why, detail] = reply as string[];
    if (outcome !== 'lost') return String(outcome);
    const error = new StoreError(
      'lost',
      `Database ${this.#claim.database} of Redis is not ours any more: ${reasonOf(why, detail)}`,
    );
    this.#hold(0);
    this.#lost.resolve(error);
    this.#ending.abort();
    throw error;
  }

  /** Gives it back, and with `emptied` the database. Rejects where Redis cannot be asked now: then it runs out. */
  async release(emptied?: Emptied): Promise<void> {
    this.end();
    this.#hold(0);
    const { link } = this.#claim;
    await (emptied
      ? link.run(RELEASE_EMPTIED, [LEASE_KEY, ...emptied.tableKeys], [...this.proof, emptied.sequences])
      : link.run(RELEASE, [LEASE_KEY], this.proof));
  }

  /** Is not prolonged any more. */
  end(): void {
    this.#ending.abort();
  }

  async #renew(): Promise<void> {
    const { link } = this.#claim;
    let sentAtMs = 0;
    const reply = await link.persist(() => {
      sentAtMs = this.#clock.monotonicMs();
      return link.run(RENEW, [LEASE_KEY], [...this.proof, String(this.#leaseMs)]);
    }, this.#ending.signal);
    this.check(reply);
    this.#hold(sentAtMs + this.#leaseMs);
  }

  #hold(deadlineMs: number): void {
    this.#deadlineMs = deadlineMs;
    this.#onHeld(deadlineMs);
  }

  async #keep(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.#clock.sleep(this.#leaseMs / 3, signal);
      if (signal.aborted) return;
      // Whatever it rejects with is known to whoever waits for `lost`, or the next renewal meets it again.
      await this.renew().catch(() => undefined);
    }
  }
}

function reasonOf(why: string | undefined, detail: string | undefined): string {
  if (why === 'taken') return `${detail || 'another replica'} has claimed it`;
  if (why === 'foreign') return `the key ${detail ?? LEASE_KEY} was overwritten by another program`;
  return `its keys were deleted (FLUSHALL or the like)`;
}
