import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRedis } from '../../../test/support/redis-server.ts';
import { StoreError } from '../store.ts';
import { openRedisStore, type RedisStoreOptions } from './redis-store.ts';

async function openAndClose(
  options: Pick<RedisStoreOptions, 'url'> & Partial<RedisStoreOptions>,
): Promise<void> {
  const { store } = await openRedisStore({ name: 'a', leaseMs: 1_000, ...options });
  await store[Symbol.asyncDispose]();
}

test('a Redis that may lose what it acknowledged is refused with the setting to change, unless that is accepted', async () => {
  await using redis = await startRedis();
  const { url } = redis;
  const settings = [
    ['appendonly', 'no', 'yes'],
    ['appendfsync', 'everysec', 'always'],
    ['no-appendfsync-on-rewrite', 'yes', 'no'],
    ['maxmemory-policy', 'allkeys-lru', 'noeviction'],
  ] as const;
  for (const [setting, unsafe, safe] of settings) {
    await redis.run(['CONFIG', 'SET', setting, unsafe]);
    await assert.rejects(openAndClose({ url }), (error) => {
      assert.ok(error instanceof StoreError);
      assert.ok(error.message.includes(`set ${setting} to ${safe}, it is ${unsafe}`), error.message);
      assert.ok(error.message.includes('FAIRSIEVE_REDIS_UNSAFE=allow'), error.message);
      return true;
    });
    await openAndClose({ url, acceptUnsafe: true });
    await redis.run(['CONFIG', 'SET', setting, safe]);
  }
  await openAndClose({ url });
});

test('settings that cannot be read count as unsafe; the password may stand in the URL or beside it', async () => {
  await using redis = await startRedis();
  await redis.run(['ACL', 'SETUSER', 'app', 'on', '>s/crèt', '~fairsieve:*', '+@all', '-config']);
  const url = redis.url.replace('//', '//app@');
  const withPassword = redis.url.replace('//', `//app:${encodeURIComponent('s/crèt')}@`);
  await assert.rejects(
    openAndClose({ url, password: 's/crèt' }),
    /appendonly cannot be read, it must be yes/,
  );
  await openAndClose({ url, password: 's/crèt', acceptUnsafe: true });
  await openAndClose({ url: withPassword, acceptUnsafe: true });
  const startedAtMs = performance.now();
  await assert.rejects(openAndClose({ url, password: 'wrong' }), (error) => {
    assert.ok(error instanceof StoreError);
    assert.match(error.message, /Cannot use Redis at redis:\/\/127\.0\.0\.1:\d+: .*WRONGPASS/);
    assert.ok(!error.message.includes('wrong'), error.message);
    return true;
  });
  assert.ok(performance.now() - startedAtMs < 10_000);
});

test('a Redis that is not there is tried for its time, then named', async () => {
  const startedAtMs = performance.now();
  await assert.rejects(openAndClose({ url: 'redis://127.0.0.1:9', connectMs: 1_000 }), (error) => {
    assert.ok(error instanceof StoreError);
    assert.match(
      error.message,
      /Redis at redis:\/\/127\.0\.0\.1:9: it did not answer within 1000 ms: .*ECONNREFUSED/,
    );
    return true;
  });
  assert.ok(performance.now() - startedAtMs >= 1_000);
});

test('while it is tried, it is said every few seconds that it still is, and why', async () => {
  const said: string[] = [];
  const onWaiting = (why: string): void => void said.push(why);
  await assert.rejects(openAndClose({ url: 'redis://127.0.0.1:9', connectMs: 3_500, onWaiting }), StoreError);
  assert.equal(said.length, 1);
  assert.match(
    said[0] ?? '',
    /^Redis at redis:\/\/127\.0\.0\.1:9 has not answered yet, and is still tried: .*ECONNREFUSED/,
  );
});
