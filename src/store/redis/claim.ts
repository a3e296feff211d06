/**
 * How a replica comes by a database of its own: it looks, tries one of the best, and looks again if another was quicker, or waits.
 *
 * Invariants:
 *   D1. Of several who claim a database one gets it: the script decides.
 *   D2. While looking, only service data, and of each candidate only the lease, is read; a claim touches nothing but the lease.
 *   D3. The connection with which a database was claimed never has another one selected.
 */
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import { StoreError } from '../store.ts';
import { candidates, type DatabaseView, type LeaseView } from './candidates.ts';
import { connectionName, keyCounts } from './keyspace.ts';
import { CLAIM, LEASE_KEY, LOOK } from './lease-scripts.ts';
import { allowed, RedisLink, withoutSecrets, type LinkOptions } from './redis-link.ts';

const LOOK_EVERY_MS = 200;

export interface ClaimOptions extends Omit<LinkOptions, 'database' | 'name'> {
  /** Unguessable and new. */
  readonly owner: string;
  /** By which the replica knows its database of last time. */
  readonly name: string;
  readonly leaseMs: number;
  /** How long Redis is tried at each connection. */
  readonly connectMs: number;
  /** The version of tables that this program makes; it can use older ones. */
  readonly schema: number;
  /** This one or none. */
  readonly database: number | undefined;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface Claim {
  readonly link: RedisLink;
  readonly database: number;
  readonly owner: string;
  readonly epoch: string;
  /** The version of its tables. */
  readonly schema: number;
  /** By the monotonic clock; the lease lasts for `leaseMs` from then on at least. */
  readonly heldFromMs: number;
  /** Other databases that hold keys and no lease of any version: they are other programs'. */
  readonly foreign: readonly number[];
}

/** Claims a database, or rejects with a StoreError: `owned` if there is none to be had within a lease's time, `version` if that is for newer programs alone, `broken` if Redis cannot be used. */
export async function claimDatabase(finder: RedisLink, options: ClaimOptions): Promise<Claim> {
  const { clock, leaseMs, name, random } = options;
  const startedAtMs = clock.monotonicMs();
  const databases = await finder.persist(() => databasesToLookAt(finder, options));
  for (let tries = 0; ;) {
    const hasWaited = clock.monotonicMs() - startedAtMs > leaseMs;
    // Each look follows on what the claim before it came to.
    const views = await finder.persist(() => look(finder, databases, options.schema));
    const best = candidates(views, name, hasWaited);
    // Those who start at once all try the first one, and then different ones.
    const database = tries === 0 ? best[0] : best[Math.floor(random() * best.length)];
    if (database !== undefined) {
      tries++;
      const claim = await tryClaim(database, options);
      if (claim) return { ...claim, foreign: foreignOnly(views, database) };
    } else if (hasWaited) {
      throw refusal(views, options);
    } else {
      await clock.sleep(LOOK_EVERY_MS);
    }
  }
}

/** The one that is asked for, or all that an id can name as its shard. */
async function databasesToLookAt(finder: RedisLink, { database }: ClaimOptions): Promise<number[]> {
  if (database !== undefined) return [database];
  const [, count] = (await allowed(finder.send(['CONFIG', 'GET', 'databases']), [])) as string[];
  const length = Math.min(count === undefined ? SEQ_STRIDE : Number(count), SEQ_STRIDE);
  return Array.from({ length }, (_, i) => i);
}

async function look(
  finder: RedisLink,
  databases: readonly number[],
  schema: number,
): Promise<DatabaseView[]> {
  const counts = keyCounts(String(await finder.send(['INFO', 'keyspace'])));
  const views: DatabaseView[] = [];
  for (const database of databases) {
    const keys = counts.get(database) ?? 0;
    const view = keys > 0 ? await lookAtLease(finder, database, schema) : NO_LEASE;
    // What is left of the lease of an emptied one is no key that anybody has there.
    views.push({
      database,
      ...(view === EMPTIED ? { keys: keys - 1, lease: NO_LEASE } : { keys, lease: view }),
    });
  }
  await finder.select(0);
  return views;
}

const NO_LEASE: LeaseView = { kind: 'none' };
const EMPTIED = 'emptied';

async function lookAtLease(
  finder: RedisLink,
  database: number,
  schema: number,
): Promise<LeaseView | typeof EMPTIED> {
  await finder.select(database);
  const found = (await finder.run(LOOK, [LEASE_KEY], [])) as [string, string, number, number];
  const [kind, name, leftMs, stored] = found;
  if (kind === 'none') return NO_LEASE;
  if (kind === EMPTIED) return EMPTIED;
  if (kind !== 'lease') return { kind: 'foreign' };
  return stored > schema ? { kind: 'newer' } : { kind, name, leftMs };
}

/** Undefined if another was quicker. */
async function tryClaim(
  database: number,
  options: ClaimOptions,
): Promise<Omit<Claim, 'foreign'> | undefined> {
  const { clock, owner, name, leaseMs, schema } = options;
  const link = await RedisLink.connect(
    { ...options, database, name: connectionName(database) },
    options.connectMs,
  );
  try {
    let heldFromMs = 0;
    const [outcome, epoch, stored] = (await link.persist(() => {
      heldFromMs = clock.monotonicMs();
      return link.run(CLAIM, [LEASE_KEY], [owner, name, String(leaseMs), String(schema)]);
    })) as string[];
    if (outcome === 'claimed' && epoch !== undefined)
      return { link, database, owner, epoch, schema: Number(stored), heldFromMs };
  } catch (error) {
    link[Symbol.dispose]();
    throw error;
  }
  link[Symbol.dispose]();
  return undefined;
}

function foreignOnly(views: readonly DatabaseView[], own: number): number[] {
  return views
    .filter(({ keys, lease }) => keys > 0 && (lease.kind === 'none' || lease.kind === 'foreign'))
    .map(({ database }) => database)
    .filter((database) => database !== own);
}

function refusal(views: readonly DatabaseView[], { database, address }: ClaimOptions): StoreError {
  const where = `Redis at ${withoutSecrets(address)}`;
  const of = (kind: LeaseView['kind']): string =>
    views
      .filter(({ lease }) => lease.kind === kind)
      .map((view) => view.database)
      .join(', ');
  const [newer, foreign] = [of('newer'), of('foreign')];
  const reasons = [
    ...(newer === '' ? [] : [`a newer fairsieve wrote ${newer}`]),
    ...(foreign === '' ? [] : [`in ${foreign} another program has the key ${LEASE_KEY}`]),
  ];
  const but = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  const message =
    database === undefined
      ? `Cannot get a database of ${where}: a replica has each of its ${views.length}${but}. Stop one, or use another Redis`
      : `Cannot get database ${database} of ${where}: another replica has it${but}`;
  return new StoreError(views.every(({ lease }) => lease.kind === 'newer') ? 'version' : 'owned', message);
}
