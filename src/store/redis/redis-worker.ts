/** The thread that owns a database of Redis: claims it, reads it into the working copy, runs one round after another. Started by `openRedisStore`. */
import os from 'node:os';
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { assert } from '../../base/assert.ts';
import { systemClock } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-message.ts';
import { randomFraction } from '../../base/random.ts';
import type { Database } from '../sqlite/database.ts';
import { allHandlers } from '../sqlite/handlers.ts';
import type { Handlers, Round } from '../sqlite/operation.ts';
import { Room } from '../sqlite/room.ts';
import { runRound, type RoundParts } from '../sqlite/run-round.ts';
import { MIGRATIONS } from '../sqlite/schema.ts';
import { storeErrorCode } from '../sqlite/sqlite-error.ts';
import { faultOf, openingOf, type Opening } from '../sqlite/store-thread.ts';
import { StoreError } from '../store.ts';
import { claimDatabase, type Claim } from './claim.ts';
import { Committer } from './committer.ts';
import { connectedDatabases, keyCounts, livingDatabases } from './keyspace.ts';
import { keptSequences } from './kept-sequences.ts';
import { Lease } from './lease.ts';
import type { Mirror } from './mirror.ts';
import { RedisExtent } from './redis-extent.ts';
import { allowed, RedisLink, type RedisAddress } from './redis-link.ts';
import { requireSafeRedis } from './redis-safety.ts';
import { setDeadline, type DeadlineMemory } from './shared-deadline.ts';
import { openWorkingCopy } from './working-copy.ts';

export interface RedisWorkerInput {
  readonly address: RedisAddress;
  readonly name: string;
  readonly leaseMs: number;
  readonly connectMs: number;
  readonly database: number | undefined;
  readonly acceptUnsafe: boolean;
  readonly bytesMax: number;
  readonly sharesWork: boolean;
  /** Is set to the time until which the database is ours. */
  readonly heldUntil: DeadlineMemory;
  readonly control: MessagePort;
}

/** What is answered to each ask on `control`; null instead where Redis cannot be asked. */
export interface ControlAnswer {
  shardsWithData: number[];
  livingShards: number[];
  /** From now on nothing here is worth keeping. */
  abandon: true;
}
export type Control = keyof ControlAnswer;
export type ControlReply = readonly [ask: Control, answer: ControlAnswer[Control] | null];

/** What the first message tells if the store is open. */
export interface RedisOpened {
  readonly shard: number;
  readonly epoch: number;
}

/** How often Redis is asked for the memory it has left. */
const LOOK_EVERY_MS = 1_000;

const port = parentPort;
assert(port !== null, 'redis-worker.ts runs as a worker thread');
const input = workerData as RedisWorkerInput;
const clock = systemClock;
/** Aborts when nothing is to be waited for any more. */
const ending = new AbortController();
/** Resolves once the first message, which says that the store is open, has been posted: a failure follows on it. */
const told = Promise.withResolvers<void>();

async function open(): Promise<RedisOpened> {
  const { address, acceptUnsafe } = input;
  const link = { address, silenceMsMax: input.leaseMs / 4, clock };
  using finder = await RedisLink.connect(
    { ...link, database: 0, name: 'fairsieve' },
    input.connectMs,
    (why) => port?.postMessage({ kind: 'waiting', why } satisfies Opening),
  );
  await requireSafeRedis(finder, address, acceptUnsafe);
  const claim = await claimDatabase(finder, {
    ...link,
    ...input,
    owner: crypto.randomUUID(),
    schema: MIGRATIONS.length,
    random: randomFraction,
  });
  const lease = new Lease(claim, input.leaseMs, clock, (deadlineMs) =>
    setDeadline(input.heldUntil, deadlineMs),
  );
  try {
    const committer = new Committer(claim, lease, ending.signal);
    const { database: tables, mirror } = await Promise.race([
      openWorkingCopy(claim, lease, committer),
      lease.lost.then((error) => Promise.reject(error)),
    ]);
    const extent = new RedisExtent(claim.link, input.bytesMax);
    await extent.look();
    const room = new Room({ database: tables, extent: (bytes) => extent.of(bytes), clock });
    const handlers = allHandlers(tables, room, input.sharesWork, claim.database);
    serve({ claim, lease, committer, tables, mirror, extent, room, handlers });
  } catch (error) {
    await lease.release().catch(() => undefined);
    claim.link[Symbol.dispose]();
    throw error;
  }
  return { shard: claim.database, epoch: Number(claim.epoch) };
}

interface Parts {
  readonly claim: Claim;
  readonly lease: Lease;
  readonly committer: Committer;
  readonly tables: Database;
  readonly mirror: Mirror;
  readonly extent: RedisExtent;
  readonly room: Room;
  readonly handlers: Handlers;
}

function serve(parts: Parts): void {
  const { claim, lease, extent, room, handlers } = parts;
  const looking = setInterval(() => void extent.look(), LOOK_EVERY_MS);
  const end = (): void => {
    ending.abort();
    lease.end();
    clearInterval(looking);
    claim.link[Symbol.dispose]();
    input.control.close();
    port?.close();
  };
  const fail = (error: unknown): void => {
    if (ending.signal.aborted) return;
    port?.postMessage({ failure: faultOf(error) });
    end();
  };
  const rounds: RoundParts = {
    room,
    handlers,
    transaction: (work) => transaction(parts, work),
    errorCode,
    makeRoom: () => void extent.look(),
  };
  const run = async (round: Round): Promise<void> => {
    try {
      port?.postMessage(await runRound(rounds, round));
    } catch (error) {
      fail(error);
    }
  };
  void Promise.all([lease.lost, told.promise]).then(([error]) => fail(error));
  let isAbandoned = false;
  const foreign = new Set(claim.foreign);
  const answer = (...reply: ControlReply): void => input.control.postMessage(reply);
  input.control.on('message', (ask: Control) => {
    isAbandoned ||= ask === 'abandon';
    if (ask === 'abandon') answer(ask, true);
    else if (ask === 'livingShards') void livingShards(claim.link).then((found) => answer(ask, found));
    else void shardsWithData(claim.link, foreign).then((found) => answer(ask, found));
  });
  port?.on('message', (round: Round | null) => {
    if (round === null) void release(parts, isAbandoned).finally(end);
    else void run(round);
  });
}

/** Runs `work` and has Redis keep what it wrote before it counts here; what was only read counts if the lease is still held then. */
async function transaction<T>({ tables, mirror, committer, lease }: Parts, work: () => T): Promise<T> {
  tables.begin();
  let isDurable = false;
  try {
    const result = work();
    const changes = mirror.changes();
    if (changes) await committer.commit(changes);
    else await lease.held();
    isDurable = true;
    tables.commit();
    return result;
  } catch (error) {
    tables.rollBack();
    if (!isDurable) throw error;
    throw new StoreError('broken', `The working copy fell behind Redis: ${errorMessage(error)}`, error);
  }
}

function errorCode(error: unknown): ReturnType<typeof storeErrorCode> {
  if (!(error instanceof StoreError)) return storeErrorCode(error, os.tmpdir());
  if (!error.retryable) throw error;
  return error.code;
}

/** The database goes with the lease where it holds nothing, or nothing of worth. */
async function release({ lease, tables: { db }, mirror }: Parts, isAbandoned: boolean): Promise<void> {
  const isEmptied = isAbandoned || mirror.tables.every(({ name }) => isEmpty(db, name));
  const emptied = { tableKeys: mirror.tables.map(({ key }) => key), sequences: keptSequences(db) };
  await lease.release(isEmptied ? emptied : undefined).catch(() => undefined);
}

function isEmpty(db: DatabaseSync, table: string): boolean {
  return db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() === undefined;
}

/**
 * Databases that hold more than a lease, whoever has them, but for those in `foreign`; null where Redis cannot be asked. From `foreign` goes
 * what is empty or has a replica: what is in it later may be ours.
 */
async function shardsWithData(link: RedisLink, foreign: Set<number>): Promise<number[] | null> {
  try {
    const counts = keyCounts(String(await link.send(['INFO', 'keyspace'])));
    if (foreign.size > 0) {
      const connected = connectedDatabases(String(await allowed(link.send(['CLIENT', 'LIST']), '')));
      for (const database of foreign) {
        if (connected.has(database) || !counts.has(database)) foreign.delete(database);
      }
    }
    return [...counts]
      .filter(([database, keys]) => keys > 1 && !foreign.has(database))
      .map(([database]) => database);
  } catch {
    return null;
  }
}

/** Databases that have a replica that lives; none where Redis does not tell us, null where it cannot be asked. */
async function livingShards(link: RedisLink): Promise<number[] | null> {
  try {
    return livingDatabases(String(await allowed(link.send(['CLIENT', 'LIST']), '')), input.leaseMs);
  } catch {
    return null;
  }
}

port.postMessage(await openingOf(open));
told.resolve();
