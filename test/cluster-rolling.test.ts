/** Replicas that are restarted one after the other, behind the balancer: clients notice nothing of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, assertFactored, ended, isOutcomeUnknown, post, read, running } from './support/api.ts';
import { startTestCluster } from './support/cluster.ts';
import { NumberSource, type Composite } from './support/number-source.ts';
import { until } from './support/until.ts';

/** Of each kind. */
const CLIENTS = 4;
/** As in compose.yaml: above what the balancer takes to see that a replica stops. */
const DELAY_MS = 4_000;
/** What Redis or a replica that stands still twice can hold up: all clients each time. */
const HELD_UP_MAX = 4 * CLIENTS;
const numbers = new NumberSource(15);

test('while all replicas are restarted in turn, every POST is accepted at its first try, and answered', async (t) => {
  await using cluster = await startTestCluster(2, { FAIRSIEVE_DRAIN_DELAY_MS: String(DELAY_MS) });
  const stop = new AbortController();
  const hard = numbers.semiprime(90);
  const accepted = new Map<string, Composite>();
  const refused: string[] = [];
  let heldUp = 0;
  const keep = async (composite: Composite, route: string): Promise<void> => {
    const body = JSON.stringify({ number: String(composite.number) });
    const headers = { 'x-caller-id': route };
    const reply = await ask(cluster, route, { method: 'POST', headers, body });
    if (reply.status === 202)
      accepted.set((JSON.parse(reply.text) as { request_id: string }).request_id, composite);
    else if (isOutcomeUnknown(reply)) heldUp++;
    else refused.push(`${reply.status} ${reply.text}`);
  };
  const client = async (work: () => Promise<void>): Promise<void> => {
    while (!stop.signal.aborted) {
      await work().catch((error: unknown) => refused.push(String(error)));
      await sleep(20);
    }
  };
  const clients = Array.from({ length: CLIENTS }, () => [
    client(() => keep(numbers.semiprime(16), '/requests')),
    // Each is under way for nearly two seconds, so that there is always one to be cut off.
    client(() => keep(hard, '/sync')),
  ]).flat();
  try {
    for (const replica of cluster.replicas) {
      const beganMs = performance.now();
      const stopped = replica.stop();
      await until('it saying that it stops', async () => {
        const told = await ask(replica, '/readyz').catch(() => undefined);
        return told?.status !== 200;
      });
      // Whoever has not seen that yet is served as before.
      const served = await post(replica, { number: '15' }).catch(() => undefined);
      if (performance.now() - beganMs < DELAY_MS) {
        assert.ok(served, 'no answer');
        if (isOutcomeUnknown(served)) heldUp++;
        else read(served, 202);
      }
      assert.deepEqual(await stopped, { code: 0, signal: null });
      await replica.start();
      await until('it being given work again', async () => {
        const { headers } = await ask(cluster, '/healthz');
        return headers.get('served-by') === replica.name;
      });
    }
  } finally {
    stop.abort();
    await Promise.all(clients);
  }
  assert.deepEqual(refused, []);
  t.diagnostic(`${accepted.size} accepted, ${heldUp} held up`);
  assert.ok(heldUp <= HELD_UP_MAX, `of ${heldUp} the outcome was unknown`);
  assert.ok(accepted.size > 100, `${accepted.size} were accepted`);
  for (const [id, composite] of accepted)
    if (composite !== hard) assertFactored(await ended(cluster, id), composite);
    else await running(cluster, id);
});
