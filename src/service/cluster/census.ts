/** Which shards exist beside this replica's own: those whose replicas are present, and those that hold data and have none. */
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-message.ts';
import { UnavailableError } from '../unavailable-error.ts';
import type { Presence } from './presence.ts';

export interface CensusParts {
  readonly presence: Presence;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** The shards that hold data, whoever has them; may leave out those whose replicas are present. */
  readonly shardsWithData: () => Promise<readonly number[]>;
}

export interface Shard {
  readonly shard: number;
  /** Of its replica; of one that has none, its number. */
  readonly name: string;
}

interface Counted {
  readonly shards: Promise<readonly number[]>;
  /** When it was known; undefined: it is not yet. */
  atMs: number | undefined;
  /** Of the presence then: who leaves may leave nothing behind. */
  readonly departures: number;
}

/** How old an answer may be. Less than a replica that crashed is present for, so that its shard is never missing from both. */
const FRESH_MS = 1_000;
export const RETRY_AFTER_MS = 2_000;

export class Census {
  readonly #parts: CensusParts;
  #latest: Counted | undefined;

  constructor(parts: CensusParts) {
    this.#parts = parts;
  }

  /** Rejects with an UnavailableError where it can't be known. */
  async others(): Promise<Shard[]> {
    const withData = await this.#shardsWithData().catch((cause: unknown) => {
      const why = `It is not known which shards hold data: ${errorMessage(cause)}`;
      throw new UnavailableError('shard_absent', RETRY_AFTER_MS, why, cause);
    });
    const { presence } = this.#parts;
    const names = new Map(presence.present().map(({ shard, name }) => [shard, name]));
    return [...new Set([...names.keys(), ...withData])]
      .filter((shard) => shard !== presence.shard)
      .toSorted((a, b) => a - b)
      .map((shard) => ({ shard, name: names.get(shard) ?? `shard ${shard}` }));
  }

  /** Shards that hold data and have no replica that could be asked. */
  async orphans(): Promise<number[]> {
    const { presence } = this.#parts;
    return (await this.others()).map(({ shard }) => shard).filter((shard) => !presence.isPresent(shard));
  }

  #shardsWithData(): Promise<readonly number[]> {
    const { clock, presence, shardsWithData } = this.#parts;
    const { departures } = presence;
    const nowMs = clock.monotonicMs();
    if (this.#latest?.departures === departures && nowMs - (this.#latest.atMs ?? nowMs) < FRESH_MS)
      return this.#latest.shards;
    // One at a time, the next one when the last is over.
    const before = this.#latest?.shards.catch(() => undefined);
    const shards = before ? before.then(shardsWithData) : shardsWithData();
    const latest: Counted = { shards, atMs: undefined, departures };
    this.#latest = latest;
    shards.then(
      () => (latest.atMs = nowMs),
      () => (this.#latest = this.#latest === latest ? undefined : this.#latest),
    );
    return shards;
  }
}
