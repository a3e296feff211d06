/** Replicas that would sign callbacks with different master keys. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { replicaProcess } from '../scripts/servers/replica-process.ts';
import type { Readiness } from '../src/contract/health.ts';
import { ask } from './support/api.ts';
import { replicasOf, startTestCluster, untilPeers, untilReady } from './support/cluster.ts';
import { runProgram } from './support/program.ts';
import { until } from './support/until.ts';

test('one replica of three whose master key is another is not ready, says why, and all others name it', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fairsieve-keys-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const [common, other] = ['common', 'other'].map((name) => path.join(folder, name)) as [string, string];
  for (const file of [common, other])
    await writeFile(file, (await runProgram(['secret', 'create'], {})).stdout, { mode: 0o600 });
  const cluster = stack.use(await startTestCluster(2, { FAIRSIEVE_SECRET_FILE: common }));
  const odd = stack.use(
    await replicaProcess('odd', folder, {
      FAIRSIEVE_STORE: 'redis',
      FAIRSIEVE_REPLICA_NAME: 'odd',
      FAIRSIEVE_REDIS_PORT: String(cluster.redis?.port),
      FAIRSIEVE_NATS_URL: cluster.nats?.url ?? assert.fail(),
      FAIRSIEVE_WORKERS: '1',
      FAIRSIEVE_SECRET_FILE: other,
    }),
  );
  await odd.start();
  await until('it not being ready for its key', async () => {
    const { status, text } = await ask(odd, '/readyz');
    const { reasons } = JSON.parse(text) as Readiness;
    return status === 503 && /another master key than on other replicas/.test(reasons.join());
  });
  const both = replicasOf(cluster, 2);
  await until('each naming those whose key is another', () =>
    [...both, odd].every(({ output }) => /"level":50.*another master key/.test(output)),
  );
  await until('it naming both', () =>
    /another master key than this one's on replica-\d, replica-\d:/.test(odd.output),
  );
  for (const replica of both) {
    assert.match(replica.output, /another master key than this one's on odd:/);
    await untilReady(replica);
  }
  await odd.stop();
  await copyFile(common, other);
  await odd.start();
  await untilPeers([odd], 2);
  await untilReady(odd);
});
