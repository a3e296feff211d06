import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { startRedis } from '../../../test/support/redis-server.ts';
import { until } from '../../../test/support/until.ts';
import { systemClock } from '../../base/clock.ts';
import { StoreError } from '../store.ts';
import { claimDatabase, type Claim } from './claim.ts';
import { COMMIT } from './commit-script.ts';
import { Committer } from './committer.ts';
import { Lease } from './lease.ts';
import { LEASE_KEY } from './lease-scripts.ts';
import type { Changes } from './mirror.ts';
import { RedisLink } from './redis-link.ts';

const redis = await startRedis();
after(() => redis[Symbol.asyncDispose]());
afterEach(() => redis.run(['FLUSHALL']));

const DATABASE = 3;
const LEASE_MS = 600;
/** Where it must not run out, however slow the machine. */
const LONG_MS = 60_000;
const TABLE = 'fairsieve:1:t';

interface Owner extends AsyncDisposable {
  readonly claim: Claim;
  readonly lease: Lease;
  readonly committer: Committer;
}

async function own(name: string, leaseMs = LEASE_MS): Promise<Owner> {
  const link = { address: { url: redis.url }, silenceMsMax: 5_000, clock: systemClock };
  using finder = await RedisLink.connect({ ...link, database: 0, name: 'finder' }, 5_000);
  const settings = {
    leaseMs,
    connectMs: 5_000,
    schema: 1,
    database: DATABASE,
    random: Math.random,
  };
  const claim = await claimDatabase(finder, { ...link, ...settings, owner: crypto.randomUUID(), name });
  const lease = new Lease(claim, leaseMs, systemClock);
  return {
    claim,
    lease,
    committer: new Committer(claim, lease, AbortSignal.timeout(20_000)),
    async [Symbol.asyncDispose]() {
      lease.end();
      claim.link[Symbol.dispose]();
    },
  };
}

/** Sets fields of the table to their values. */
function setting(fields: Readonly<Record<string, string>>, key = TABLE): Changes {
  const flat = Object.entries(fields).flat();
  return { keys: [key], args: ['0', String(flat.length), ...flat] };
}

const content = async (): Promise<unknown> => redis.run(['HGETALL', TABLE], DATABASE);

function isLost(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'lost';
}

test('not one write arrives of an owner that was held up past its lease, once another has claimed', async () => {
  await using first = await own('first');
  await first.committer.commit(setting({ a: '1' }));
  // As if its process were stopped: nothing renews the lease, and it does not notice.
  first.lease.end();
  await using second = await own('second');
  await second.committer.commit(setting({ b: '2' }));
  const before = await content();
  assert.deepEqual(before, ['a', '1', 'b', '2']);
  const late = [...first.lease.proof, '2', '0', '2', 'a', 'late'];
  const replies = await Promise.all(
    Array.from({ length: 50 }, () => first.claim.link.run(COMMIT, [LEASE_KEY, TABLE], late)),
  );
  assert.ok(replies.every((reply) => Array.isArray(reply) && reply[0] === 'lost'));
  await assert.rejects(first.committer.commit(setting({ a: 'late' })), isLost);
  assert.deepEqual(await content(), before);
});

test('a lease that ran out goes on as long as nobody took it, and nothing is written before it is renewed', async () => {
  await using owner = await own('owner');
  const fields = [...owner.lease.proof, '1', '0', '2', 'a', '1'];
  // One follows on the other, so that no renewal comes between.
  const [, outcome] = await Promise.all([
    owner.claim.link.send(['HSET', LEASE_KEY, 'until', '1']),
    owner.claim.link.send(['EVAL', COMMIT.source, '2', LEASE_KEY, TABLE, ...fields]),
  ]);
  assert.deepEqual(outcome, ['lapsed']);
  assert.deepEqual(await content(), []);
  await owner.committer.commit(setting({ a: '2' }));
  assert.deepEqual(await content(), ['a', '2']);
});

test('a commit that turns up late, after it was repeated and others followed, changes nothing', async () => {
  await using owner = await own('owner', LONG_MS);
  await owner.committer.commit(setting({ a: '1' }));
  await owner.committer.commit(setting({ a: '2' }));
  const late = [...owner.lease.proof, '1', '0', '2', 'a', '1'];
  assert.deepEqual(await owner.claim.link.run(COMMIT, [LEASE_KEY, TABLE], late), ['done']);
  assert.deepEqual(await content(), ['a', '2']);
});

test('a commit with more fields than Redis unpacks at once is carried out whole, deletions too', async () => {
  await using owner = await own('owner');
  const fields = Object.fromEntries(Array.from({ length: 12_345 }, (_, i) => [`f${i}`, String(i)]));
  await owner.committer.commit(setting(fields));
  assert.equal(await redis.run(['HLEN', TABLE], DATABASE), 12_345);
  const gone = Object.keys(fields).slice(1);
  await owner.committer.commit({ keys: [TABLE], args: [String(gone.length), '2', ...gone, 'g', '1'] });
  // A large hash tells its fields in no order.
  assert.deepEqual(((await content()) as string[]).toSorted(), ['0', '1', 'f0', 'g']);
});

test('that its keys were deleted is noticed, by a commit and without one', async () => {
  await using owner = await own('owner');
  await redis.run(['FLUSHALL']);
  await assert.rejects(owner.committer.commit(setting({ a: '1' })), (error) => {
    assert.ok(isLost(error));
    assert.match(String(error), /Database 3 of Redis is not ours any more: its keys were deleted/);
    return true;
  });
  assert.deepEqual(await content(), []);
  await using other = await own('other');
  await redis.run(['FLUSHALL']);
  assert.ok(isLost(await other.lease.lost));
});

test('a key of another program in place of a table or of the lease is noticed, and stays as it is', async () => {
  await using owner = await own('owner');
  await redis.run(['SET', TABLE, 'theirs'], DATABASE);
  const both: Changes = { keys: ['fairsieve:1:s', TABLE], args: ['0', '2', 'a', '1', '0', '2', 'a', '1'] };
  await assert.rejects(
    owner.committer.commit(both),
    /the key fairsieve:1:t was overwritten by another program/,
  );
  assert.equal(await redis.run(['GET', TABLE], DATABASE), 'theirs');
  assert.equal(await redis.run(['EXISTS', 'fairsieve:1:s'], DATABASE), 0);
  await redis.run(['FLUSHALL']);
  await using other = await own('other');
  await redis.run(['SET', LEASE_KEY, 'theirs'], DATABASE);
  assert.match(String(await other.lease.lost), /the key fairsieve:lease was overwritten/);
});

test('what is committed while Redis is down is done once it is back, and only once', async () => {
  await using owner = await own('owner');
  await owner.committer.commit(setting({ a: '1' }));
  await redis.process.kill();
  const late = owner.committer.commit(setting({ b: '2' }));
  await until('the lease has run out', () => !owner.lease.isHeld);
  await redis.process.start();
  await late;
  assert.deepEqual(await content(), ['a', '1', 'b', '2']);
  assert.equal(await redis.run(['HGET', LEASE_KEY, 'commit'], DATABASE), '2');
});
