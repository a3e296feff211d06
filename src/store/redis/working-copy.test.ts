import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { startRedis } from '../../../test/support/redis-server.ts';
import { numberOfLine } from '../../domain/value-line.ts';
import { FIRST_SEQ, newRequests, NOW_MS, SIX } from '../contract/store-fixture.ts';
import { MIGRATIONS } from '../sqlite/schema.ts';
import { StoreError } from '../store.ts';
import { openRedisStore, type RedisStore } from './redis-store.ts';

const redis = await startRedis();
after(() => redis[Symbol.asyncDispose]());
afterEach(() => redis.run(['FLUSHALL']));

const DATABASE = 6;
/** Where it must not run out, however slow the machine. */
const LONG_MS = 60_000;
const SCHEMA = MIGRATIONS.length;

function open(name = 'a'): Promise<RedisStore> {
  return openRedisStore({ url: redis.url, name, leaseMs: LONG_MS, database: DATABASE });
}

async function keys(): Promise<string[]> {
  return ((await redis.run(['KEYS', '*'], DATABASE)) as string[]).toSorted();
}

function set(key: string, ...fields: string[]): Promise<unknown> {
  return redis.run(['HSET', key, ...fields], DATABASE);
}

test('tables of an older version are brought up to date, also after that was cut off, and the old ones go', async () => {
  await set('fairsieve:lease', 'epoch', '5', 'name', 'a', 'schema', '1');
  const row = [FIRST_SEQ, '0123456789ABCDEF', 'acme', 0, 0, '77', 0, NOW_MS];
  await set('fairsieve:1:requests', String(FIRST_SEQ), JSON.stringify(row));
  await set('fairsieve:1:jobs', '1', '[1,"77",5,1,1000]', '2', '[2,"91",6,0,1000]');
  await set('fairsieve:1:job_chunks', '1', '[1,1,2]\n\u0001\n', '2', '[2,2,1]\n\u0003');
  await set(`fairsieve:${SCHEMA}:requests`, '5', '[5,"half","done"]');
  const { store, epoch } = await open();
  assert.equal(epoch, 6);
  const [found, half] = await store.get([FIRST_SEQ, 5]);
  assert.equal(found?.number, '77');
  assert.equal(half, undefined);
  const log = await store.readLog('77');
  assert.deepEqual(
    { ...log, chunks: log.chunks.map((chunk) => [...chunk]) },
    { chunks: [[1, 10]], cpuMs: 5, breaks: 1 },
  );
  await store[Symbol.asyncDispose]();
  assert.deepEqual(
    await keys(),
    [
      'fairsieve:lease',
      ...['job_chunks', 'jobs', 'requests'].map((table) => `fairsieve:${SCHEMA}:${table}`),
    ].toSorted(),
  );
  const again = await open();
  assert.equal((await again.store.get([FIRST_SEQ]))[0]?.number, '77');
  await again.store[Symbol.asyncDispose]();
});

test('values are found by their primes again after a restart', async () => {
  const { store } = await open();
  const values = Array.from({ length: 1_200 }, (_, i) => ({
    number: `6${i}`,
    factors: SIX,
    version: FIRST_SEQ + i,
  }));
  for (let i = 0; i < values.length; i += 400) await store.putValues('', values.slice(i, i + 400));
  await store[Symbol.asyncDispose]();
  assert.ok(!(await keys()).some((key) => key.includes('value_primes')));
  const again = await open();
  const found = await again.store.valuesOf({ scope: '', prime: '3', limit: 5_000, nowMs: NOW_MS });
  assert.deepEqual(new Set(found.map(numberOfLine)), new Set(values.map(({ number }) => number)));
  await again.store[Symbol.asyncDispose]();
});

test('what has been handed over is abandoned: the database is empty and no orphan, and its claims and callbacks are counted on', async () => {
  const callbackUrl = 'https://hooks.example/';
  const ended = async ({ store }: RedisStore, seq: number): Promise<number | undefined> => {
    await store.accept({ requests: newRequests(1, { seq, callbackUrl }) });
    const state = { kind: 'done', finishedAtMs: NOW_MS, cpuMs: 1, factors: SIX } as const;
    const requests = [{ seq, state, timeline: [], called: true }];
    return (await store.finish([{ number: '6', dropLog: false, requests }])).get(seq);
  };
  const first = await open();
  assert.equal(await ended(first, FIRST_SEQ), 1);
  for (let parcel = await first.store.parcel(); parcel; parcel = await first.store.parcel())
    await first.store.partWith(parcel);
  await first.abandon();
  await first.store[Symbol.asyncDispose]();
  assert.deepEqual(await keys(), ['fairsieve:lease']);
  const next = await open('another');
  assert.equal(next.epoch, first.epoch + 1);
  // The numbers that it counts on from are data again, of its own.
  assert.deepEqual(
    (await next.shardsWithData()).filter((shard) => shard !== DATABASE),
    [],
  );
  assert.equal(await ended(next, FIRST_SEQ), 2);
  await next.store[Symbol.asyncDispose]();
});

test('databases that hold data are told, whoever has them; one of another program is not', async () => {
  await redis.run(['MSET', 'theirs', '1', 'theirs too', '2'], 0);
  const gone = await open();
  await gone.store.accept({ requests: newRequests(1) });
  const there = await openRedisStore({ url: redis.url, name: 'b', leaseMs: LONG_MS, database: 2 });
  // It waits for a lease of its own length, whether those that hold data are let go.
  const asking = await openRedisStore({ url: redis.url, name: 'c', leaseMs: 2_000 });
  assert.deepEqual(await asking.shardsWithData(), [DATABASE]);
  await gone.store[Symbol.asyncDispose]();
  assert.deepEqual(await Promise.all([asking.shardsWithData(), asking.shardsWithData()]), [
    [DATABASE],
    [DATABASE],
  ]);
  // From when a replica has it, it may hold data of ours.
  const among = await openRedisStore({ url: redis.url, name: 'd', leaseMs: LONG_MS, database: 0 });
  await among.store.accept({ requests: newRequests(1) });
  assert.deepEqual(new Set(await asking.shardsWithData()), new Set([0, DATABASE]));
  await among.store[Symbol.asyncDispose]();
  assert.deepEqual(new Set(await asking.shardsWithData()), new Set([0, DATABASE]));
  for (const { store } of [there, asking]) await store[Symbol.asyncDispose]();
  await assert.rejects(
    asking.shardsWithData(),
    (error) => error instanceof StoreError && error.code === 'busy',
  );
});
