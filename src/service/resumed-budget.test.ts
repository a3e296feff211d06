/** What a request may spend once it has been resumed: a whole budget, whatever became of its number meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ended, openReplica, submit } from './replica-fixture.ts';

const WORKER = new URL('../engine/worker.ts', import.meta.url);
/** Takes minutes. */
const HARD = (10n ** 44n + 31n) * (10n ** 45n + 9n);
const BUDGET_MS = 600;

test('a resumed request has a whole budget from where its number is, though others had it worked on meanwhile', async () => {
  await using opened = await openReplica({ worker: WORKER, settings: { jobCpuMsMax: BUDGET_MS } });
  const { replica } = opened;
  const [first = ''] = await submit(replica, 'acme', [HARD]);
  assert.equal((await ended(replica, first)).status, 'partial');
  const [second = ''] = await submit(replica, 'globex', [HARD]);
  const beyond = await ended(replica, second);
  assert.equal(beyond.status, 'partial');
  assert.equal((await replica.resume(first)).kind, 'changed');
  const resumed = await ended(replica, first);
  assert.equal(resumed.status, 'partial');
  assert.ok(
    resumed.cpuMs >= beyond.cpuMs + BUDGET_MS,
    `it ended at ${resumed.cpuMs} ms, its number had had ${beyond.cpuMs} before`,
  );
});
