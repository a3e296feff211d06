import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../test/support/until.ts';
import type { Order } from '../peers/bullmq-queues.ts';
import { ask, isPending, lookUp, submit, type Told } from './ask.ts';
import { startBullmqPeer } from './bullmq-peer.ts';
import { finishedWithin } from './contestant.ts';
import { HttpConnection } from './http-connection.ts';
import { balancedSemiprime, seededRandom } from './seeded-numbers.ts';
import { getRequest, postRequest } from './wire.ts';

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  '1': [],
  '144': ['2', '2', '2', '2', '3', '3'],
  '1000000007': ['1000000007'],
  '1194649': ['1093', '1093'],
  '100000000000000000050700000000000000004563': ['100000000000000000039', '1000000000000000000117'],
};

function ended(connection: HttpConnection, id: string): Promise<Told> {
  return until(`${id} has ended`, async () => {
    const request = await lookUp(connection, id);
    assert(typeof request === 'object', `There is no ${id}`);
    return isPending(request) ? undefined : request;
  });
}

for (const order of ['arrival', 'turns'] satisfies Order[]) {
  test(`a peer (${order}) factors what it accepts, for several callers`, async () => {
    await using peer = await startBullmqPeer(order);
    using connection = new HttpConnection(peer.url);
    const accepted = new Map<string, string>();
    for (const [i, number] of Object.keys(EXPECTED).entries())
      accepted.set(number, await submit(connection, `caller/${i % 2}`, number));
    for (const [number, id] of accepted)
      assert.deepEqual(
        await ended(connection, id).then((end) => [end.status, end.number, end.prime_factors]),
        ['done', number, EXPECTED[number]],
      );
    assert.equal(await finishedWithin(peer, 5_000), true);
  });

  test(`a peer (${order}) keeps what it has accepted when it is killed`, async () => {
    await using peer = await startBullmqPeer(order);
    const ids: string[] = [];
    {
      using connection = new HttpConnection(peer.url);
      for (let i = 0; i < 50; i++)
        ids.push(await submit(connection, `caller_${i % 3}`, String(10n ** 17n + BigInt(i))));
    }
    await peer.kill();
    await peer.start();
    using connection = new HttpConnection(peer.url);
    for (const id of ids) assert.equal((await ended(connection, id)).status, 'done');
  });
}

test('a peer refuses what is no number, and knows no request that was never made', async () => {
  await using peer = await startBullmqPeer('turns');
  using connection = new HttpConnection(peer.url);
  for (const number of ['0', '-5', '12x', ''])
    assert.equal((await ask(connection, postRequest('caller', `{"number":"${number}"}`))).status, 400);
  assert.equal((await ask(connection, getRequest('caller-Y2FsbGVy.77'))).status, 404);
});

test('in turn, a small number overtakes those that another caller has waiting', async () => {
  await using peer = await startBullmqPeer('turns');
  using connection = new HttpConnection(peer.url);
  const random = seededRandom(1);
  const hog: string[] = [];
  for (let i = 0; i < 8; i++)
    hog.push(await submit(connection, 'hog', String(balancedSemiprime(60, random))));
  const small = await submit(connection, 'small', '999999999999999989');
  assert.equal((await ended(connection, small)).status, 'done');
  assert.ok(isPending(await lookUp(connection, hog.at(-1) ?? '')));
});
