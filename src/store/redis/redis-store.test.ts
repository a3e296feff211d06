import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startRedis } from '../../../test/support/redis-server.ts';
import { describeStore } from '../describe-store.ts';
import { openRedisStore } from './redis-store.ts';

const redis = await startRedis();
after(() => redis[Symbol.asyncDispose]());

const free = Array.from({ length: 16 }, (_, database) => database);

describeStore('redis', async () => {
  const database = free.shift();
  assert(database !== undefined);
  return {
    open: async () =>
      (await openRedisStore({ url: redis.url, name: 'home', database, leaseMs: 1_000 })).store,
    async remove() {
      await redis.run(['FLUSHDB'], database);
      free.push(database);
    },
  };
});

test('nothing but the keys of ours is written, and of a store that held nothing only the epoch is left', async () => {
  const { store, shard } = await openRedisStore({ url: redis.url, name: 'a', leaseMs: 1_000 });
  assert.deepEqual(await redis.run(['KEYS', '*'], shard), ['fairsieve:lease']);
  await store[Symbol.asyncDispose]();
  assert.deepEqual(await redis.run(['KEYS', '*'], shard), ['fairsieve:lease']);
  assert.deepEqual(await redis.run(['HGETALL', 'fairsieve:lease'], shard), ['epoch', '1']);
});
