/** Whether another replica has this one's name: then nobody can tell which of them an answer says is missing. */
import type { Clock } from '../../base/clock.ts';
import { HEARTBEAT_MS, type Presence } from './presence.ts';

export interface NameParts {
  readonly presence: Pick<Presence, 'self' | 'present'>;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Told whenever others have this name than those that had it before. */
  readonly onNotice: (notice: string) => void;
}

/** Looks out for others of the same name until `signal` aborts. */
export async function watchNames(
  { presence, clock, onNotice }: NameParts,
  signal: AbortSignal,
): Promise<void> {
  let told = '';
  while (!signal.aborted) {
    const { name } = presence.self();
    const shards = presence
      .present()
      .filter((peer) => peer.name === name)
      .map(({ shard }) => shard)
      .join(', ');
    if (shards !== told && shards !== '')
      onNotice(
        `Another replica is called ${name} too, that of database ${shards}: give each a FAIRSIEVE_REPLICA_NAME of its own`,
      );
    told = shards;
    await clock.sleep(HEARTBEAT_MS, signal);
  }
}
