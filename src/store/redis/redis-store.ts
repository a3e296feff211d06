/**
 * The store in a database of Redis that this replica alone has.
 *
 * It is the same store as the embedded one, over a working copy in the process; each commit is made durable in Redis before it is told.
 * Redis thus does one short script for a commit, however many calls are in it, and answers no reads.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { assert } from '../../base/assert.ts';
import { systemClock, type Clock } from '../../base/clock.ts';
import { moduleUrl } from '../../base/module-url.ts';
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import { startStoreThread } from '../sqlite/store-thread.ts';
import { ThreadedStore } from '../sqlite/threaded-store.ts';
import { StoreError, type Store } from '../store.ts';
import type { RedisAddress } from './redis-link.ts';
import { isBefore, newDeadlineMemory } from './shared-deadline.ts';
import type { Control, ControlAnswer, ControlReply, RedisOpened, RedisWorkerInput } from './redis-worker.ts';

export interface RedisStoreOptions extends RedisAddress {
  /** Of this replica, the same after a restart: by it a replica finds its database of last time. */
  readonly name: string;
  /** How long the database stays ours while we do not renew the lease; 10 s by default, at least 300 ms. */
  readonly leaseMs?: number;
  /** How long Redis is tried when the store is opened; 30 s by default. */
  readonly connectMs?: number;
  /** Hears every few seconds, while Redis does not answer, that it is still tried. */
  readonly onWaiting?: (why: string) => void;
  /** This database or none; any by default. */
  readonly database?: number;
  /** Whether to use a Redis that may lose what it has acknowledged. */
  readonly acceptUnsafe?: boolean;
  /** Most bytes of the working copy, at least 1 MiB; bounded only by the memory of Redis by default. */
  readonly bytesMax?: number;
  /** As in the embedded store. */
  readonly sharesWork?: boolean;
  /** As in the embedded store. */
  readonly stallMs?: number;
  readonly clock?: Pick<Clock, 'wallMs'>;
}

export interface RedisStore {
  readonly store: Store;
  /** The number of the database. */
  readonly shard: number;
  /** How many times it has been claimed, emptied or not. */
  readonly epoch: number;
  /**
   * Whether no other replica can have the database yet. What is in memory is true as long as it is; the store itself answers only
   * what was true.
   */
  isOurs(): boolean;
  /** The databases that hold data of this service, whoever has them. Rejects with `busy` while Redis cannot be asked. */
  shardsWithData(): Promise<number[]>;
  /**
   * The databases that have a replica, or are just being claimed by one, which has been heard by Redis within a lease; none where Redis
   * does not tell. Rejects with `busy` while Redis cannot be asked.
   */
  livingShards(): Promise<number[]>;
  /**
   * Nothing that is left in the store is worth keeping, since all that is has been handed over (`parcel` gives nothing): when the store is
   * closed, its database is emptied, but for the epoch and the last sequence numbers of callbacks.
   */
  abandon(): Promise<void>;
}

const LEASE_MS = 10_000;
const LEASE_MS_LEAST = 300;
const CONNECT_MS = 30_000;
const BYTES_MAX_LEAST = 2 ** 20;
/** Redis gets so long to take what is under way when the store is closed. */
const CLOSE_MS_MAX = 5_000;

/**
 * Claims a database and opens the store in it, or rejects with a StoreError: `owned` when there is none to be had, `broken` when Redis
 * cannot be used or may lose data, `version`, `lost`, `full`.
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const { url, password, name, database, leaseMs = LEASE_MS, bytesMax = Number.MAX_SAFE_INTEGER } = options;
  assert(leaseMs >= LEASE_MS_LEAST, `leaseMs must be at least ${LEASE_MS_LEAST}: it is ${leaseMs}`);
  assert(bytesMax >= BYTES_MAX_LEAST, `bytesMax must be at least ${BYTES_MAX_LEAST}: it is ${bytesMax}`);
  assert(
    database === undefined || (Number.isInteger(database) && database >= 0 && database < SEQ_STRIDE),
    `database must be from 0 to ${SEQ_STRIDE - 1}: it is ${database}`,
  );
  const { port1: ours, port2: theirs } = new MessageChannel();
  const workerData: RedisWorkerInput = {
    address: { url, ...(password !== undefined && { password }) },
    name,
    leaseMs,
    connectMs: options.connectMs ?? CONNECT_MS,
    database,
    acceptUnsafe: options.acceptUnsafe ?? false,
    bytesMax,
    sharesWork: options.sharesWork ?? true,
    heldUntil: newDeadlineMemory(),
    control: theirs,
  };
  const control = controlBy(ours);
  const module = moduleUrl('./redis-worker', import.meta.url);
  const { worker, opened } = await startStoreThread(
    module,
    { workerData, transferList: [theirs], name: 'redis' },
    options.onWaiting,
  );
  const store = new ThreadedStore(worker, options.clock ?? systemClock, {
    ...(options.stallMs !== undefined && { stallMs: options.stallMs }),
    closeMsMax: CLOSE_MS_MAX,
  });
  await store.open();
  return {
    store,
    ...(opened as RedisOpened),
    isOurs: () => isBefore(workerData.heldUntil, systemClock.monotonicMs()),
    shardsWithData: () => control('shardsWithData'),
    livingShards: () => control('livingShards'),
    abandon: async () => void (await control('abandon')),
  };
}

/** What is asked of the thread beside the calls of the store. Those who ask the same while another does get the same answer. */
function controlBy(port: MessagePort): <Ask extends Control>(ask: Ask) => Promise<ControlAnswer[Ask]> {
  const asked = new Map<Control, PromiseWithResolvers<unknown>>();
  let isClosed = false;
  port.on('message', ([ask, answer]: ControlReply) => {
    asked.get(ask)?.resolve(answer);
    asked.delete(ask);
  });
  port.on('close', () => {
    isClosed = true;
    for (const { resolve } of asked.values()) resolve(null);
  });
  port.unref();
  return async <Ask extends Control>(ask: Ask) => {
    const pending = asked.get(ask) ?? Promise.withResolvers<unknown>();
    if (!isClosed && !asked.has(ask)) {
      asked.set(ask, pending);
      port.postMessage(ask);
    }
    const answer = isClosed ? null : await pending.promise;
    if (answer === null) throw new StoreError('busy', 'Redis does not answer just now');
    return answer as ControlAnswer[Ask];
  };
}
