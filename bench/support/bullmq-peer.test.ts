import assert from 'node:assert/strict';
import os from 'node:os';
import { test } from 'node:test';
import { until } from '../../test/support/until.ts';
import type { Order } from '../peers/bullmq-queues.ts';
import { ask } from '../../src/loadgen/ask.ts';
import { isPending, lookUp, submit, type Told } from './ask.ts';
import { startBullmqPeer } from './bullmq-peer.ts';
import { finishedWithin } from './contestant.ts';
import { HttpConnection } from '../../src/loadgen/http-connection.ts';
import { seededRandom } from '../../src/loadgen/seeded-random.ts';
import { balancedSemiprime } from './seeded-numbers.ts';
import { getRequest, postRequest } from './wire.ts';

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  '1': [],
  '144': ['2', '2', '2', '2', '3', '3'],
  '1000000007': ['1000000007'],
  '1194649': ['1093', '1093'],
  '100000000000000000050700000000000000004563': ['100000000000000000039', '1000000000000000000117'],
};

/** On a machine with much else to do. */
const ENDED_MS_MAX = 120_000;

/**
 * How many of eight hard numbers for each thread are still to be done when a small one is that came after them. Those that are overtaken
 * take seconds each, so that they are not done by the way.
 */
const BEHIND_A_HOG = {
  arrival: { what: 'waits for', digits: 45, least: 0, most: 1 },
  turns: { what: 'overtakes', digits: 60, least: 4, most: 8 },
};

async function known(connection: HttpConnection, id: string): Promise<Told> {
  const told = await lookUp(connection, id);
  assert(typeof told === 'object', `The peer does not tell of ${id}`);
  return told;
}

async function statusOf(connection: HttpConnection, request: string): Promise<number | undefined> {
  const end = await ask(connection, request);
  return end.kind === 'answered' ? end.status : undefined;
}

function ended(connection: HttpConnection, id: string): Promise<Told> {
  const look = async (): Promise<Told | undefined> => {
    const told = await known(connection, id);
    return isPending(told) ? undefined : told;
  };
  return until(`${id} has ended`, look, ENDED_MS_MAX);
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

  test(`in a peer (${order}) a small number ${BEHIND_A_HOG[order].what} those that another caller has waiting`, async () => {
    await using peer = await startBullmqPeer(order);
    using connection = new HttpConnection(peer.url);
    const random = seededRandom(1);
    const threads = os.availableParallelism();
    const { digits, least, most } = BEHIND_A_HOG[order];
    const hog: string[] = [];
    for (let i = 0; i < 8 * threads; i++)
      hog.push(await submit(connection, 'hog', String(balancedSemiprime(digits, random))));
    const small = await submit(connection, 'small', '999999999999999989');
    await ended(connection, small);
    const told: unknown[] = [];
    for (const id of hog) told.push((await known(connection, id)).status);
    const pending = told.filter((status) => status !== 'done').length / threads;
    assert.ok(least <= pending && pending <= most, `${pending} for each thread are still to be done`);
  });
}

test('a peer refuses what is no number, and knows no request that was never made', async () => {
  await using peer = await startBullmqPeer('turns');
  using connection = new HttpConnection(peer.url);
  for (const number of ['0', '-5', '12x', ''])
    assert.equal(await statusOf(connection, postRequest('caller', `{"number":"${number}"}`)), 400);
  assert.equal(await statusOf(connection, getRequest('caller-Y2FsbGVy.77')), 404);
});
