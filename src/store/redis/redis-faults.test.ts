import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { startRedis, type RedisServer } from '../../../test/support/redis-server.ts';
import { until } from '../../../test/support/until.ts';
import { doneJob, FIRST_SEQ, newRequests, NOW_MS, pruneAll, seqNo } from '../contract/store-fixture.ts';
import { StoreError, type Store } from '../store.ts';
import { MIGRATIONS } from '../sqlite/schema.ts';
import { openRedisStore, type RedisStore, type RedisStoreOptions } from './redis-store.ts';

const LEASE_MS = 1_500;
/** Of the tables; it stands in the names of their keys. */
const SCHEMA = MIGRATIONS.length;

function open({ url }: RedisServer, given: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
  return openRedisStore({ url, name: 'a', leaseMs: LEASE_MS, ...given });
}

function isFull(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'full';
}

/** Accepts in many loops at once until `signal` aborts; returns the sequence numbers of what was said to be durable. */
async function acceptUntil(store: Store, signal: AbortSignal): Promise<number[]> {
  const accepted: number[] = [];
  let next = 0;
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      const seq = seqNo(next++);
      // Refused while Redis is away: come again.
      const outcome = await store.accept({ requests: newRequests(1, { seq }) }).catch((error: unknown) => {
        assert.ok(error instanceof StoreError && error.retryable, String(error));
      });
      if (outcome) accepted.push(seq);
    }
  };
  await Promise.all(Array.from({ length: 32 }, loop));
  return accepted;
}

test('Redis is killed under load, twice, and started again: nothing that was acknowledged is lost, and the database is the same', async () => {
  await using redis = await startRedis();
  const { store, shard } = await open(redis, { database: 7 });
  const stop = new AbortController();
  const accepting = acceptUntil(store, stop.signal);
  const queued = async (): Promise<number> => (await store.stats()).queued;
  for (let times = 0; times < 2; times++) {
    const before = await queued();
    await until('some are accepted', async () => (await queued()) > before + 300);
    await redis.process.kill();
    await redis.process.start();
  }
  const last = await queued();
  await until('some more are accepted', async () => (await queued()) > last + 300);
  stop.abort();
  const accepted = await accepting;
  await store[Symbol.asyncDispose]();
  const again = await open(redis);
  assert.equal(again.shard, shard);
  const found = await again.store.get(accepted);
  assert.equal(found.filter((request) => request === undefined).length, 0);
  await again.store[Symbol.asyncDispose]();
});

test('while Redis is away, clients are refused soon and may come again; what the service does by itself waits', async () => {
  await using redis = await startRedis();
  // The lease outlasts all of it.
  const { store } = await open(redis, { leaseMs: 20_000, stallMs: 1_000 });
  await store.accept({ requests: newRequests(1) });
  redis.process.pause();
  const underWay = store.finish([doneJob(FIRST_SEQ)]);
  // What is made in the same turn of the event loop goes together.
  await nextTurn();
  await nextTurn();
  const requests = newRequests(1, { seq: seqNo(1) });
  await assert.rejects(
    store.accept({ requests }),
    (error) => error instanceof StoreError && error.code === 'busy',
  );
  await assert.rejects(store.get([FIRST_SEQ]), (error) => error instanceof StoreError && error.retryable);
  redis.process.resume();
  assert.equal((await underWay).size, 1);
  assert.equal((await store.accept({ requests })).kind, 'accepted');
  await store[Symbol.asyncDispose]();
});

test('a store can be closed though Redis is gone, and that is no failure of it', async () => {
  await using redis = await startRedis();
  const { store } = await open(redis);
  await redis.process.kill();
  const underWay = assert.rejects(store.accept({ requests: newRequests(1) }), StoreError);
  await store[Symbol.asyncDispose]();
  await underWay;
  assert.equal(await Promise.race([store.failed, nextTurn('closed')]), 'closed');
});

test('where the lease is lost while the tables are still read, the store does not open and says so', async () => {
  await using redis = await startRedis();
  const database = 5;
  const row = JSON.stringify([1, '0123456789ABCDEF', 'acme', 0, 1, '77', 0, NOW_MS]);
  const many = `for i = 1, 200000 do redis.call('HSET', KEYS[1], i, (string.gsub(ARGV[1], '1', i, 1))) end`;
  await redis.run(['HSET', 'fairsieve:lease', 'epoch', '1', 'name', 'a', 'schema', String(SCHEMA)], database);
  await redis.run(['EVAL', many, '1', `fairsieve:${SCHEMA}:requests`, row], database);
  const opening = open(redis, { database, leaseMs: 300 });
  const lost = assert.rejects(opening, (error) => error instanceof StoreError && error.code === 'lost');
  // Before the tables are read.
  const take = `if redis.call('HEXISTS', KEYS[1], 'owner') == 0 then return 0 end
    redis.call('HSET', KEYS[1], 'owner', 'another', 'epoch', '9')
    return 1`;
  await until('it is claimed and taken', async () =>
    Boolean(await redis.run(['EVAL', take, '1', 'fairsieve:lease'], database)),
  );
  await lost;
});

test('when the lease is lost the store says so, and every call under way or made later is rejected', async () => {
  await using redis = await startRedis();
  const { store } = await open(redis);
  await redis.run(['FLUSHALL']);
  const lost = (error: unknown): boolean => error instanceof StoreError && error.code === 'lost';
  await assert.rejects(store.accept({ requests: newRequests(1) }), lost);
  assert.ok(lost(await store.failed));
  await assert.rejects(store.get([FIRST_SEQ]), lost);
  assert.deepEqual(await redis.run(['KEYS', '*']), []);
  await store[Symbol.asyncDispose]();
});

test('after the claim no other database is ever selected, over reconnections too', async () => {
  await using redis = await startRedis();
  const { store, shard } = await open(redis, { database: 4 });
  const monitor = spawn('redis-cli', ['-u', redis.url, 'MONITOR']);
  let seen = '';
  monitor.stdout.setEncoding('utf8').on('data', (text: string) => (seen += text));
  await until('Redis is watched', () => seen.includes('OK'));
  const clients = String(await redis.run(['CLIENT', 'LIST']));
  const id = /^id=(\d+) .* name=fairsieve:4 /m.exec(clients)?.[1] ?? '';
  await redis.run(['CLIENT', 'KILL', 'ID', id]);
  for (let i = 0; i < 20; i++) await store.accept({ requests: newRequests(1, { seq: seqNo(i) }) });
  await until('the lease is renewed', () => seen.includes('"HSET" "fairsieve:lease" "until"'));
  await store[Symbol.asyncDispose]();
  await until('its last command is seen', () => seen.includes('"HDEL" "fairsieve:lease" "owner"'));
  monitor.kill();
  const selected = [...seen.matchAll(/ \[(\d+) [^\]]*\] "SELECT" "(\d+)"/gi)].map((match) => match[2]);
  assert.ok(selected.length > 0);
  assert.deepEqual([...new Set(selected)], [String(shard)]);
});

test('a full Redis stops acceptance; what was accepted is ended, read and pruned, and then there is room again', async () => {
  await using redis = await startRedis(['--maxmemory', '12mb']);
  const { store } = await open(redis);
  let count = 0;
  await assert.rejects(async () => {
    for (; ; count += 100) {
      const given = { seq: seqNo(count), number: '7'.repeat(200), callerId: `caller ${count}` };
      await store.accept({ requests: newRequests(100, given) });
    }
  }, isFull);
  assert.ok(count > 3_000, `${count} requests of 200 digits fit into 12 MB`);
  assert.equal((await store.get([FIRST_SEQ]))[0]?.number, '7'.repeat(200));
  for (let i = 0; i < count; i += 500) {
    const jobs = Array.from({ length: Math.min(500, count - i) }, (_, j) => doneJob(seqNo(i + j)));
    assert.equal((await store.finish(jobs)).size, jobs.length);
  }
  await pruneAll(store, { endedBeforeMs: NOW_MS + 1, nowMs: NOW_MS + 1, bytesMax: Infinity });
  await until('there is room again', async () => (await store.stats()).freeBytes > 0);
  const more = newRequests(100, { seq: seqNo(count), number: '7'.repeat(200) });
  assert.equal((await store.accept({ requests: more })).kind, 'accepted');
  await store[Symbol.asyncDispose]();
});

test('one caller does not get all the room of Redis: others get in', async () => {
  await using redis = await startRedis(['--maxmemory', '12mb']);
  const { store } = await open(redis);
  const { freeBytes: before } = await store.stats();
  const accept = async (seq: number, callerId: string): Promise<string> => {
    const requests = newRequests(100, { seq: seqNo(seq), number: '7'.repeat(200), callerId });
    return (await store.accept({ requests })).kind;
  };
  let count = 0;
  while ((await accept(count, 'acme')) === 'accepted') count += 100;
  assert.equal(await accept(count, 'acme'), 'crowded');
  const { freeBytes: after } = await store.stats();
  assert.ok(after > before / 3, `${after} of ${before} bytes are free`);
  assert.equal(await accept(count, 'globex'), 'accepted');
  await store[Symbol.asyncDispose]();
});

test('where others have filled Redis to the last byte, a write changes nothing, the lease is kept, and deletion goes on', async () => {
  await using redis = await startRedis();
  const { store, shard } = await open(redis);
  await store.accept({ requests: newRequests(100) });
  await store.finish([doneJob(FIRST_SEQ)]);
  const table = `fairsieve:${SCHEMA}:requests`;
  const before = await redis.run(['HGETALL', table], shard);
  await redis.run(['CONFIG', 'SET', 'maxmemory', '1']);
  await assert.rejects(store.finish([doneJob(seqNo(1))]), isFull);
  await assert.rejects(store.accept({ requests: newRequests(1, { seq: seqNo(200) }) }), isFull);
  assert.deepEqual(await redis.run(['HGETALL', table], shard), before);
  assert.equal((await store.get([seqNo(1)]))[0]?.state.kind, 'queued');
  const leftMs = async (): Promise<number> =>
    Number(await redis.run(['HGET', 'fairsieve:lease', 'until'], shard));
  const until1 = await leftMs();
  await until('the lease is renewed', async () => (await leftMs()) > until1);
  await pruneAll(store, { endedBeforeMs: NOW_MS + 1, nowMs: NOW_MS + 1, bytesMax: Infinity });
  assert.equal(await redis.run(['HLEN', table], shard), 99);
  await redis.run(['CONFIG', 'SET', 'maxmemory', '0']);
  assert.equal((await store.finish([doneJob(seqNo(1))])).size, 1);
  await store[Symbol.asyncDispose]();
});
