/** `fairsieve rescue`: hands over what a database holds that has no replica. A process of its own, and thus a replica for as long as that takes. */
import pino from 'pino';
import { ConfigError, readConfig } from './config.ts';
import type { HandedOver } from './service/cluster/hand-over.ts';
import { openStorage } from './storage.ts';

/**
 * Claims `database`, hands all of it to the replicas that are there, and lets it go. Throws a ConfigError where the settings name no
 * cluster, and a StoreError where the database cannot be had: `owned` by another replica, for one.
 */
export async function rescue(
  env: Readonly<Record<string, string | undefined>>,
  database: number,
): Promise<HandedOver> {
  const { redis, nats, logLevel, ...config } = readConfig(env);
  if (!redis || !nats)
    throw new ConfigError(
      'A database is rescued in a cluster: FAIRSIEVE_STORE must be redis, and FAIRSIEVE_NATS_URL be set',
    );
  const logger = pino({ level: logLevel }, pino.destination(2));
  const failed = Promise.withResolvers<never>();
  // Until something is raced with it.
  failed.promise.catch(() => undefined);
  // Another name than that of the replica on this machine, which would come back to the database otherwise.
  const own = { ...redis, name: `rescue-${redis.name}` };
  const opening = openStorage({ ...config, redis: own, nats }, { logger, database, onFatal: failed.reject });
  await using storage = await Promise.race([opening, failed.promise]).catch((error: unknown) => {
    // It may be open a moment later, and would keep the process up.
    opening.then((opened) => opened[Symbol.asyncDispose]()).catch(() => undefined);
    throw error;
  });
  void storage.store.failed.then(failed.reject);
  const { joined } = storage;
  if (!joined) throw new ConfigError('There is no cluster to hand anything over to');
  return await Promise.race([failed.promise, joined.handOver(Number.MAX_SAFE_INTEGER)]);
}
