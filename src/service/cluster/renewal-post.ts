/**
 * Tells the other replicas on which terms numbers are kept now, and takes over what they tell.
 *
 * Who is present is asked at once. What was not acknowledged goes to the outbox in the store, and from there to its shard once that is
 * present: again and again until it is acknowledged, which changes nothing more the second time, since terms have versions.
 *
 * Invariants:
 *   R1. When `renew` resolves, each shard that exists has the terms on disk, or they are in the outbox for it.
 *   R2. `flush` resolves only when nothing is left to be told to that shard of what was accepted here before it was called.
 *   R3. A replica that leaves acknowledges nothing: what it held may be with another one by then. What is to be told to it waits until it is
 *       gone, for those who are here then, or for the next owner of its shard.
 *   R4. While somebody leaves, what it held moves, in the terms that it had: whoever is told new ones meanwhile may get the old ones after
 *       them. So all are told once more, and nothing that waits in the outbox is told before it is gone.
 */
import type { Clock } from '../../base/clock.ts';
import { COMMIT_ROWS_MAX } from '../../domain/limits.ts';
import type { ValueRenewal } from '../../domain/value.ts';
import type { PendingRenewals, Store, ValueScope } from '../../store/store.ts';
import { untilRoom } from '../patience.ts';
import type { Renewals } from '../renewals.ts';
import { CALLS } from './calls.ts';
import type { Census } from './census.ts';
import type { Peers } from './peers.ts';

export interface RenewalPostParts {
  readonly store: Pick<
    Store,
    'renewValues' | 'postRenewals' | 'pendingRenewals' | 'renewalsTold' | 'renewalShards'
  >;
  readonly peers: Peers;
  readonly census: Census;
  readonly clock: Clock;
}

/** How long a POST waits for the others to acknowledge: it is answered within 2 s. */
const RENEW_MS = 300;
/** How long others have where nobody waits. */
const TELL_MS = 2_000;
/** How often the outbox is looked at, and the longest pause before a shard is told again that did not acknowledge. */
const LOOK_EVERY_MS = 1_000;
const PAUSE_MS_MAX = 30_000;

export class RenewalPost implements Renewals {
  readonly #parts: RenewalPostParts;
  readonly msMax = 2 * RENEW_MS;
  /** Renewals that are being told, and may yet go to the outbox. */
  readonly #underWay = new Set<Promise<void>>();
  /** Shards that did not acknowledge, with the time from which on they are told again. */
  readonly #paused = new Map<number, { readonly untilMs: number; readonly pauseMs: number }>();
  /** Ends the pause between two looks at the outbox. */
  #waking = new AbortController();

  constructor(parts: RenewalPostParts) {
    this.#parts = parts;
    // Until it is told, it shows values that have expired, or been given another term, meanwhile.
    parts.peers.presence.onArrival((shard) => {
      this.#paused.delete(shard);
      this.#waking.abort();
    });
  }

  async renew(scope: ValueScope, renewals: readonly ValueRenewal[]): Promise<void> {
    const telling = this.#renew(scope, renewals.map(termsOf));
    const settled = telling.catch(() => undefined);
    this.#underWay.add(settled);
    try {
      await telling;
    } finally {
      this.#underWay.delete(settled);
    }
  }

  /** Takes over what another replica tells, at most `COMMIT_ROWS_MAX` at a time. Rejects where this one leaves, for R3. */
  async takeOver({ scope, renewals }: PendingRenewals): Promise<void> {
    const { store, clock, peers } = this.#parts;
    await store.renewValues(scope, renewals, clock.wallMs());
    if (peers.presence.isLeaving(peers.presence.shard))
      throw new Error(
        'This replica is leaving: some of what it held has moved on with the terms that it had',
      );
  }

  /** Tells a shard all that is in the outbox for it. Rejects where it does not acknowledge, and for R4 where there is something. */
  async flush(shard: number): Promise<void> {
    await Promise.all(this.#underWay);
    if (this.#isMoving && (await this.#parts.store.pendingRenewals(shard, 1)))
      throw new Error('A replica is leaving: what it hands over could overtake what is to be told');
    await this.#empty(shard, (pending) => this.#parts.peers.ask(shard, CALLS.renew, pending, TELL_MS));
  }

  /** Sends what is in the outbox to the shards that are present, at once to those that come (back), until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#parts;
    while (!signal.aborted) {
      this.#waking = new AbortController();
      const shards = await untilRoom(() => store.renewalShards(), clock, signal);
      for (const shard of shards ?? []) if (!signal.aborted && !this.#isMoving) await this.#attempt(shard);
      await clock.sleep(LOOK_EVERY_MS, AbortSignal.any([signal, this.#waking.signal]));
    }
  }

  async #renew(scope: ValueScope, renewals: readonly ValueRenewal[]): Promise<void> {
    const { store, peers, census } = this.#parts;
    const others = await census.others();
    if (others.length === 0) return;
    const wasMoving = this.#isMoving;
    const told = await peers.everywhere(CALLS.renew, { scope, renewals }, RENEW_MS, () =>
      Promise.resolve({}),
    );
    const shards = others.map(({ shard }) => shard);
    const rest =
      wasMoving || this.#isMoving
        ? [peers.presence.shard, ...shards]
        : shards.filter((shard) => !told.has(shard));
    if (rest.length > 0) await store.postRenewals(rest, scope, renewals);
  }

  /** Whether somebody hands over what it holds. */
  get #isMoving(): boolean {
    return this.#parts.peers.presence.present().some(({ stage }) => stage === 'leaving');
  }

  async #attempt(shard: number): Promise<void> {
    const { peers, clock } = this.#parts;
    const paused = this.#paused.get(shard);
    if (paused && paused.untilMs > clock.monotonicMs()) return;
    try {
      if (shard === peers.presence.shard) await this.#empty(shard, (pending) => this.takeOver(pending));
      else if (peers.presence.isLeaving(shard)) return;
      else if (peers.presence.isPresent(shard)) await this.flush(shard);
      else await this.#tellHeirs(shard);
      this.#paused.delete(shard);
    } catch {
      // It is told again later, however often that takes.
      const pauseMs = Math.min((paused?.pauseMs ?? LOOK_EVERY_MS / 2) * 2, PAUSE_MS_MAX);
      this.#paused.set(shard, { untilMs: clock.monotonicMs() + pauseMs, pauseMs });
    }
  }

  /** A shard that holds nothing any more handed over all that it held: whoever is here may have it. */
  async #tellHeirs(shard: number): Promise<void> {
    const { peers, census } = this.#parts;
    const others = await census.others();
    if (others.some((other) => other.shard === shard)) return;
    await this.#empty(shard, async (pending) => {
      const told = await peers.everywhere(CALLS.renew, pending, TELL_MS, async () => {
        await this.takeOver(pending);
        return {};
      });
      const silent = others.filter((other) => !told.has(other.shard));
      if (silent.length > 0)
        throw new Error(`Not acknowledged by ${silent.map(({ name }) => name).join(', ')}`);
    });
  }

  /** Tells what is in the outbox for a shard, piece by piece. */
  async #empty(shard: number, tell: (pending: PendingRenewals) => Promise<unknown>): Promise<void> {
    const { store } = this.#parts;
    for (;;) {
      const pending = await store.pendingRenewals(shard, COMMIT_ROWS_MAX);
      if (!pending) return;
      await tell(pending);
      await store.renewalsTold(shard, pending);
    }
  }
}

/** Its number and its terms alone. */
function termsOf({ number, version, expiresAtMs }: ValueRenewal): ValueRenewal {
  return { number, version, ...(expiresAtMs !== undefined && { expiresAtMs }) };
}
