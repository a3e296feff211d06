/** Holds what stands around the replicas, as it is deployed: the balancer, Redis, and the key that all of them share. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../scripts/servers/free-port.ts';
import { serverAnswers } from '../scripts/servers/server-answers.ts';
import { ServerProcess } from '../scripts/servers/server-process.ts';
import { serverProgram } from '../scripts/servers/server-program.ts';
import { randomBytes } from '../src/base/random.ts';
import { readCallerSecrets } from '../src/callbacks/callback-secret-file.ts';
import { openRedisStore } from '../src/store/redis/redis-store.ts';
import {
  balancerFiles,
  compose,
  imageEnv,
  kustomization,
  podEnv,
  ROOT,
  text,
  workload,
} from './support/deployment.ts';

const run = promisify(execFile);
const REDIS_CONF = 'deploy/redis/redis.conf';

test('haproxy accepts the files that it is given', async () => {
  const files = balancerFiles().flatMap((file) => ['-f', path.join(ROOT, file)]);
  assert.equal(files.length, 4);
  await assert.doesNotReject(run(await serverProgram('haproxy'), ['-c', ...files]));
});

describe('Redis as it is deployed', () => {
  test('is one over which a replica starts: it keeps what it has acknowledged, and evicts nothing', async (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'fairsieve-redis-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const port = await freePort();
    await using redis = await ServerProcess.start({
      name: 'redis-server',
      url: `redis://127.0.0.1:${port}`,
      program: await serverProgram('redis-server'),
      args: [path.join(ROOT, REDIS_CONF), '--bind', '127.0.0.1', '--port', String(port), '--dir', folder],
      isReady: () => serverAnswers(port, 'PING\r\n', /^\+PONG/),
    });
    const { store } = await openRedisStore({ url: redis.url, name: 'tester', leaseMs: 1_000 });
    await store[Symbol.asyncDispose]();
  });

  test('is the same for compose and for Kubernetes', () => {
    const { volumes } = compose().services.redis;
    assert.ok(volumes?.includes(`./${REDIS_CONF}:/etc/redis/redis.conf:ro`));
    assert.deepEqual(kustomization('deploy/redis').configMapGenerator[0]?.files, ['redis.conf']);
  });

  test('has room for twice what all replicas keep', () => {
    const redisBytes = sizeOf(/^maxmemory (\S+)$/m.exec(text(REDIS_CONF))?.[1]);
    const { app, redis } = compose().services;
    assert.equal(sizeOf(redis.command?.find((_, i, args) => args[i - 1] === '--maxmemory')), redisBytes);
    const kept = [
      [app.deploy?.replicas, app.environment?.['FAIRSIEVE_STORE_BYTES_MAX']],
      [workload('fairsieve').spec.replicas, podEnv()['FAIRSIEVE_STORE_BYTES_MAX']],
    ] as const;
    for (const [replicas = 0, bytes] of kept) assert.ok(2 * replicas * sizeOf(bytes) <= redisBytes);
  });

  test('has a database for each replica', () => {
    const databases = Number(/^databases (\d+)$/m.exec(text(REDIS_CONF))?.[1]);
    for (const replicas of [compose().services.app.deploy?.replicas, workload('fairsieve').spec.replicas])
      assert.ok(replicas! >= 1 && replicas! <= databases, `${replicas} replicas`);
  });
});

describe('The key that callbacks are signed with', () => {
  test('is the same for all replicas of compose', () => {
    assert.ok(compose().services.app.volumes?.includes(`data:${imageEnv()['FAIRSIEVE_DATA_DIR']}`));
  });

  test('is taken as the command for Kubernetes makes it, and only read', () => {
    const { volumes, containers } = workload('fairsieve').spec.template.spec;
    const keys = volumes?.find(({ name }) => name === 'keys');
    const mount = containers[0].volumeMounts?.find(({ name }) => name === 'keys')?.mountPath;
    assert.equal(podEnv()['FAIRSIEVE_SECRET_FILE'], `${mount}/callback-secrets.json`);
    const [, json = ''] =
      /callback-secrets\.json="(.*)"$/m.exec(text('deploy/kubernetes/kustomization.yaml')) ?? [];
    const key = Buffer.from(randomBytes(32)).toString('base64');
    const folder = mkdtempSync(path.join(os.tmpdir(), 'fairsieve-keys-'));
    const file = path.join(folder, 'callback-secrets.json');
    writeFileSync(file, json.replaceAll('\\"', '"').replace('$(openssl rand -base64 32)', key));
    chmodSync(file, keys!.secret!.defaultMode);
    assert.match(readCallerSecrets(file, 'acme', 0).current, /^whsec_/);
    rmSync(folder, { recursive: true });
  });
});

/** Bytes, of `1gb` as Redis says it and of `128MiB` as settings do. */
function sizeOf(size = ''): number {
  const [, count, unit = ''] = /^(\d+)(gb|mb|GiB|MiB)$/.exec(size) ?? [];
  return Number(count) * (unit.startsWith('g') || unit.startsWith('G') ? 2 ** 30 : 2 ** 20);
}
