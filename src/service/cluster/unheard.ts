/**
 * Replicas that live and are not heard: the store tells of them, and the bus does not. Most often one of them, or this one, was given no
 * address of the bus, or another one. Each then works for itself, and says of what the others have that it cannot be reached.
 *
 * Invariant: a shard is told of only after it has been held and not heard for `UNHEARD_MS` on end, since who has just claimed one reads
 * what it holds before it can be heard.
 */
import type { Bus } from '../../bus/bus.ts';
import type { Clock } from '../../base/clock.ts';
import { StoreError } from '../../store/store.ts';
import type { Presence } from './presence.ts';

export interface UnheardParts {
  readonly presence: Pick<Presence, 'shard' | 'present' | 'strangers'>;
  readonly bus: Pick<Bus, 'connected'>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  /** The shards that have a replica that lives. Rejects with a retryable StoreError while that cannot be known. */
  readonly livingShards: () => Promise<readonly number[]>;
  /** Told whenever others are unheard than those that were before. */
  readonly onNotice: (notice: string) => void;
}

const LOOK_EVERY_MS = 2_000;
export const UNHEARD_MS = 10_000;

export class Unheard {
  readonly #parts: UnheardParts;
  /** Since when each is missed. */
  #missedSinceMs: ReadonlyMap<number, number> = new Map();
  #shards: readonly number[] | undefined;

  constructor(parts: UnheardParts) {
    this.#parts = parts;
  }

  /** Ascending; undefined while it cannot be known. */
  get shards(): readonly number[] | undefined {
    return this.#shards;
  }

  /** Looks out for them until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { bus, clock, onNotice } = this.#parts;
    let told = '';
    while (!signal.aborted) {
      this.#shards = await this.#look();
      const list = this.#shards?.join(', ');
      if (list !== undefined && list !== '' && list !== told) onNotice(noticeOf(list, bus.connected));
      told = list ?? told;
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  async #look(): Promise<readonly number[] | undefined> {
    const { presence, clock, livingShards } = this.#parts;
    const living = await livingShards().catch((error: unknown) => {
      if (error instanceof StoreError && error.retryable) return undefined;
      throw error;
    });
    if (!living) return undefined;
    const nowMs = clock.monotonicMs();
    const heard = new Set([...presence.present(), ...presence.strangers()].map(({ shard }) => shard));
    const missed = living.filter((shard) => shard !== presence.shard && !heard.has(shard));
    this.#missedSinceMs = new Map(missed.map((shard) => [shard, this.#missedSinceMs.get(shard) ?? nowMs]));
    return missed
      .filter((shard) => nowMs - (this.#missedSinceMs.get(shard) ?? nowMs) >= UNHEARD_MS)
      .toSorted((a, b) => a - b);
  }
}

function noticeOf(shards: string, isConnected: boolean): string {
  const advice = isConnected
    ? 'FAIRSIEVE_NATS_URL and FAIRSIEVE_CLUSTER must be the same for all'
    : 'there is no connection to NATS';
  return `Replicas that have these databases of the same Redis are not heard: ${shards}. What they hold is not found here; ${advice}`;
}
