/**
 * Whether all replicas sign callbacks with the same master key. Each tells the others the fingerprint of its own.
 *
 * Where they differ, every replica says so, and those with a key that fewer have are not ready: receivers refuse what they send.
 */
import type { Clock } from '../../base/clock.ts';
import type { Peer } from './peer.ts';
import { HEARTBEAT_MS, type Presence } from './presence.ts';

export type Keyed = Pick<Peer, 'shard' | 'name' | 'callbackKey'>;

/** Whether another key is that of more replicas, or, of as many, that of the one with the lowest shard. Who has told no key does not count. */
export function isOutvoted(own: Keyed, others: readonly Keyed[]): boolean {
  if (own.callbackKey === undefined) return false;
  const all = [own, ...others].filter(({ callbackKey }) => callbackKey !== undefined);
  const [most] = [...Map.groupBy(all, ({ callbackKey }) => callbackKey)].toSorted(
    ([, a], [, b]) => b.length - a.length || lowestShard(a) - lowestShard(b),
  );
  return most?.[0] !== own.callbackKey;
}

function lowestShard(replicas: readonly Keyed[]): number {
  return Math.min(...replicas.map(({ shard }) => shard));
}

export interface CallbackKeyParts {
  readonly presence: Pick<Presence, 'self' | 'present'>;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Told whenever others have another key than those that had one before. */
  readonly onFault: (fault: string) => void;
}

/** Looks out for other keys until `signal` aborts. */
export async function watchCallbackKeys(
  { presence, clock, onFault }: CallbackKeyParts,
  signal: AbortSignal,
): Promise<void> {
  let told = '';
  while (!signal.aborted) {
    const names = withOtherKeys(presence.self(), presence.present())
      .map(({ name }) => name)
      .join(', ');
    if (names !== told && names !== '')
      onFault(
        `Callbacks are signed with another master key than this one's on ${names}: all replicas must have the same file of secrets`,
      );
    told = names;
    await clock.sleep(HEARTBEAT_MS, signal);
  }
}

function withOtherKeys({ callbackKey: own }: Keyed, others: readonly Keyed[]): Keyed[] {
  if (own === undefined) return [];
  return others.filter(({ callbackKey }) => callbackKey !== undefined && callbackKey !== own);
}
