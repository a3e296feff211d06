import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { startRedis } from '../../../test/support/redis-server.ts';
import { systemClock } from '../../base/clock.ts';
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import { StoreError } from '../store.ts';
import { claimDatabase, type Claim, type ClaimOptions } from './claim.ts';
import { LEASE_KEY } from './lease-scripts.ts';
import { Lease } from './lease.ts';
import { RedisLink } from './redis-link.ts';

const redis = await startRedis();
after(() => redis[Symbol.asyncDispose]());
afterEach(() => redis.run(['FLUSHALL']));

/** Where it is waited for. */
const LEASE_MS = 1_500;
/** Where it must not run out, however slow the machine. */
const LONG_MS = 60_000;
const link = { address: { url: redis.url }, silenceMsMax: 5_000, clock: systemClock };

async function claim(name: string, given: Partial<ClaimOptions> = {}): Promise<Claim> {
  using finder = await RedisLink.connect({ ...link, database: 0, name: 'finder' }, 5_000);
  return await claimDatabase(finder, {
    ...link,
    owner: crypto.randomUUID(),
    name,
    leaseMs: LEASE_MS,
    connectMs: 5_000,
    schema: 1,
    database: undefined,
    random: Math.random,
    ...given,
  });
}

function end(claims: readonly Claim[]): void {
  for (const each of claims) each.link[Symbol.dispose]();
}

async function putRow({ link: own }: Claim): Promise<void> {
  await own.send(['HSET', 'fairsieve:1:requests', '1', '[1]']);
}

/** As a crash leaves it: with a row, and a lease that runs out by itself. */
async function crash(claimed: Claim): Promise<void> {
  await putRow(claimed);
  end([claimed]);
}

/** The lease ends a moment from now, whenever it was taken. */
async function letRunOut({ link: own }: Claim): Promise<void> {
  const [seconds] = (await own.send(['TIME'])) as [string, string];
  await own.send(['HSET', LEASE_KEY, 'until', String(Number(seconds) * 1_000 + LEASE_MS)]);
}

/** As a replica leaves that has handed over all that it held. */
async function leaveEmptied(claimed: Claim): Promise<void> {
  await putRow(claimed);
  const lease = new Lease(claimed, LONG_MS, systemClock);
  await lease.release({ tableKeys: ['fairsieve:1:requests'], sequences: '' });
  end([claimed]);
}

const names = Array.from({ length: SEQ_STRIDE }, (_, i) => `replica-${i}`);

test('of sixteen who start at once each gets a database of its own, a hundred times over', async () => {
  for (let times = 0; times < 100; times++) {
    const claims = await Promise.all(names.map((name) => claim(name, { leaseMs: LONG_MS })));
    end(claims);
    const databases = claims.map(({ database }) => database).toSorted((a, b) => a - b);
    assert.deepEqual(
      databases,
      names.map((_, i) => i),
    );
    await redis.run(['FLUSHALL']);
  }
});

test('a seventeenth is told after a lease that there is no database for it, and the others keep theirs', async () => {
  const claims = await Promise.all(names.map((name) => claim(name, { leaseMs: LONG_MS })));
  const leases = claims.map((each) => new Lease(each, LONG_MS, systemClock));
  const startedAtMs = performance.now();
  await assert.rejects(claim('one too many'), (error) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.code, 'owned');
    assert.match(error.message, /a replica has each of its 16\. Stop one/);
    return true;
  });
  assert.ok(performance.now() - startedAtMs >= LEASE_MS);
  await Promise.all(leases.map((lease) => lease.renew()));
  for (const lease of leases) lease.end();
  end(claims);
});

test('after a crash of the whole cluster each replica has its own database again, in whatever order they start', async () => {
  const some = names.slice(0, 6);
  const before = await Promise.all(some.map((name) => claim(name, { leaseMs: LONG_MS })));
  await Promise.all(before.map(letRunOut));
  await Promise.all(before.map(crash));
  const again = await Promise.all(some.toReversed().map((name) => claim(name, { leaseMs: LONG_MS })));
  assert.deepEqual(
    again.map(({ database }) => database).toReversed(),
    before.map(({ database }) => database),
  );
  assert.deepEqual(
    again.map(({ epoch }) => epoch),
    again.map(() => '2'),
  );
  end(again);
});

test('one without an owner that holds data is taken before an empty one, by a stranger too', async () => {
  const gone = await claim('gone', { database: 9 });
  await crash(gone);
  const stranger = await claim('stranger');
  assert.equal(stranger.database, 9);
  end([stranger]);
});

test('one whose owner is silent but still connected is waited for and taken, no empty one', async () => {
  const paused = await claim('paused');
  await putRow(paused);
  const stranger = await claim('stranger');
  assert.equal(stranger.database, paused.database);
  end([paused, stranger]);
});

test('where all owners of data keep their leases up, a new database is taken after a whole lease', async () => {
  const busy = await claim('busy', { leaseMs: LONG_MS });
  await putRow(busy);
  const startedAtMs = performance.now();
  const second = await claim('second');
  assert.ok(performance.now() - startedAtMs >= LEASE_MS);
  assert.notEqual(second.database, busy.database);
  end([busy, second]);
});

test('nobody waits where no database holds data yet', async () => {
  const first = await claim('first', { leaseMs: LONG_MS });
  const startedAtMs = performance.now();
  const second = await claim('second', { leaseMs: LONG_MS });
  assert.ok(performance.now() - startedAtMs < LONG_MS / 2);
  assert.notEqual(second.database, first.database);
  end([first, second]);
});

test('emptied databases are as good as new, save that their epochs go on: whoever comes takes them at once', async () => {
  const before = await Promise.all(names.map((name) => claim(name, { leaseMs: LONG_MS, schema: 7 })));
  await Promise.all(before.map(leaveEmptied));
  const startedAtMs = performance.now();
  const again = await Promise.all(names.map((name) => claim(`another ${name}`, { leaseMs: LONG_MS })));
  assert.ok(performance.now() - startedAtMs < LONG_MS / 2);
  assert.deepEqual(
    again.map(({ database }) => database).toSorted((a, b) => a - b),
    names.map((_, i) => i),
  );
  for (const { epoch, schema, foreign } of again) assert.deepEqual([epoch, schema, foreign], ['2', 1, []]);
  end(again);
});

test('an emptied one is taken after one that holds data, by the replica that left it too', async () => {
  await leaveEmptied(await claim('a', { database: 3 }));
  await crash(await claim('b', { database: 9 }));
  const again = await claim('a');
  assert.equal(again.database, 9);
  end([again]);
});

test('one that was emptied among the keys of others is theirs again: it is taken last, and holds nothing of ours', async () => {
  await redis.run(['SET', 'cache:1', 'theirs'], 0);
  await leaveEmptied(await claim('a', { database: 0 }));
  const own = await claim('b');
  assert.equal(own.database, 1);
  assert.deepEqual(own.foreign, [0]);
  end([own]);
});

test('what others keep there is neither read nor changed, and taken last', async () => {
  await redis.run(['SET', 'cache:1', 'theirs'], 0);
  await redis.run(['SET', LEASE_KEY, 'no lease'], 1);
  const own = await claim('a', { leaseMs: LONG_MS });
  assert.equal(own.database, 2);
  assert.deepEqual(own.foreign, [0, 1]);
  const others = await Promise.all(names.slice(1, 15).map((name) => claim(name, { leaseMs: LONG_MS })));
  assert.deepEqual(
    others.map(({ database }) => database).toSorted((a, b) => a - b),
    [0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  );
  assert.equal(await redis.run(['GET', 'cache:1'], 0), 'theirs');
  assert.equal(await redis.run(['GET', LEASE_KEY], 1), 'no lease');
  end([own, ...others]);
});

test('a database that is asked for is taken or none', async () => {
  const own = await claim('a', { database: 5, leaseMs: LONG_MS });
  assert.equal(own.database, 5);
  await assert.rejects(claim('b', { database: 5 }), /database 5 of Redis at .*: another replica has it/);
  end([own]);
});

test('a database that a newer program wrote is left to newer programs', async () => {
  const newer = await claim('a', { database: 3, schema: 7 });
  await crash(newer);
  await assert.rejects(
    claim('a', { database: 3 }),
    (error) => error instanceof StoreError && error.code === 'version',
  );
});
