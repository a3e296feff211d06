/** Opens what the settings name: the store, and the bus to the other replicas. With main.ts, the only place that names adapters. */
import type { Logger } from 'pino';
import { systemClock } from './base/clock.ts';
import { randomFraction } from './base/random.ts';
import type { Bus } from './bus/bus.ts';
import type { Config, RedisConfig } from './config.ts';
import type { Cluster } from './service/cluster/cluster.ts';
import type { HandedOver } from './service/cluster/hand-over.ts';
import { openSqliteStore } from './store/sqlite/sqlite-store.ts';
import type { Store } from './store/store.ts';

/** The store of a replica, and its place among others where there may be others. Disposing it lets both go. */
export interface Storage extends AsyncDisposable {
  readonly store: Store;
  readonly shard: number;
  /** Undefined with the embedded store, which has no others. */
  readonly joined: Joined | undefined;
}

export interface Joined {
  readonly cluster: Cluster;
  /** Whether no other replica can have the database yet. */
  isOurs(): boolean;
  /** Gives all that is held to the others, within a time; where nothing is left of worth, the database will be empty. */
  handOver(withinMs: number): Promise<HandedOver>;
}

export type StorageConfig = Pick<
  Config,
  'dataDir' | 'storeBytesMax' | 'sharesWork' | 'redis' | 'nats' | 'cluster'
>;

export interface StorageOptions {
  readonly logger: Logger;
  readonly onFatal: (error: unknown) => void;
  /** Of Redis: this database or none. */
  readonly database?: number;
}

/**
 * Where the disk, or Redis, does not answer for so long, who waits for it is refused, and would come again. Of a hanging disk all are
 * told at about this time anyway.
 */
const STALL_MS = { disk: 1_700, redis: 1_000 };

/** Rejects with a StoreError when there is no store to be had. */
export async function openStorage(config: StorageConfig, options: StorageOptions): Promise<Storage> {
  return config.redis ? openInCluster(config, config.redis, options) : openEmbedded(config);
}

async function openEmbedded({ dataDir, storeBytesMax, sharesWork }: StorageConfig): Promise<Storage> {
  const store = await openSqliteStore({
    dataDir,
    bytesMax: storeBytesMax,
    sharesWork,
    stallMs: STALL_MS.disk,
  });
  return { store, shard: 0, joined: undefined, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

async function openInCluster(
  config: StorageConfig,
  redis: RedisConfig,
  { logger, onFatal, database }: StorageOptions,
): Promise<Storage> {
  const { name, leaseMs, acceptUnsafe, ...address } = redis;
  // Only where they are needed: they are a fifth of what a start takes.
  const [{ openRedisStore }, { Cluster }] = await Promise.all([
    import('./store/redis/redis-store.ts'),
    import('./service/cluster/cluster.ts'),
  ]);
  await using stack = new AsyncDisposableStack();
  if (database === undefined) logger.info({ name }, 'looking for a database of Redis that nobody has');
  else logger.info({ name, database }, 'asking for this database of Redis');
  const opened = await openRedisStore({
    ...address,
    name,
    leaseMs,
    acceptUnsafe,
    bytesMax: config.storeBytesMax,
    sharesWork: config.sharesWork,
    stallMs: STALL_MS.redis,
    onWaiting: (why) => logger.warn({ name }, why),
    ...(database !== undefined && { database }),
  });
  const { store, shard, epoch } = opened;
  // Until there is a cluster to tell of it. Disposing twice does nothing.
  stack.use(store);
  logger.info({ name, database: shard, epoch }, 'this database is ours');
  const bus = stack.use(await busTo(config, shard, logger));
  const cluster = new Cluster({
    bus,
    store,
    shard,
    epoch,
    name,
    clock: systemClock,
    random: randomFraction,
    shardsWithData: () => opened.shardsWithData(),
    livingShards: () => opened.livingShards(),
    isOurs: () => opened.isOurs(),
    onNotice: (notice) => logger.warn(notice),
    onFault: (fault) => logger.error(fault),
    onFatal,
  });
  stack.use(cluster);
  // Others hear that it left when the database is free already.
  stack.defer(async () => {
    await cluster.stop();
    await store[Symbol.asyncDispose]();
  });
  await cluster.join();
  const kept = stack.move();
  const handOver = async (withinMs: number): Promise<HandedOver> => {
    const handedOver = await cluster.handOver(withinMs);
    if (handedOver.left === undefined) await opened.abandon();
    return handedOver;
  };
  return {
    store,
    shard,
    joined: { cluster, isOurs: () => opened.isOurs(), handOver },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function busTo({ nats, cluster }: StorageConfig, shard: number, logger: Logger): Promise<Bus> {
  if (!nats) return (await import('./bus/local/local-bus.ts')).localBus();
  const { openNatsBus } = await import('./bus/nats/nats-bus.ts');
  return openNatsBus({
    address: nats,
    cluster,
    shard,
    clock: systemClock,
    random: randomFraction,
    onFault: (error) => logger.warn({ err: error }, 'other replicas cannot be reached'),
    onConnected: (server) => logger.info({ server }, 'other replicas can be reached'),
  });
}
