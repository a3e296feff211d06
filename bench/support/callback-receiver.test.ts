import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { CallbackReceiver } from './callback-receiver-process.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const OTHER_SECRET = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;

/** Sends a callback as the service does, signed with `SECRET`. */
async function send(url: string, webhookId: string, primes: readonly string[]): Promise<number> {
  const body = JSON.stringify({
    request_id: webhookId.split('_')[0],
    caller_id: 'zoë',
    status: 'done',
    number: '15',
    prime_factors: primes,
    sequence: 1,
    finished_at: new Date(1_000).toISOString(),
  });
  const at = new Date();
  const headers = {
    'webhook-id': webhookId,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(SECRET).sign(webhookId, at, body),
  };
  const response = await fetch(url, { method: 'POST', headers, body });
  return response.status;
}

test('the receiver tells what came, whose signature it is, and whether the factors are right', async () => {
  await using receiver = await CallbackReceiver.start({ hangingHosts: 0 });
  assert.equal(await send(receiver.url, 'a_1', ['3', '5']), 200);
  assert.equal(await send(receiver.url, 'b_1', ['3', '7']), 200);
  await receiver.hasReceived(2, 5_000);
  const report = await receiver.report({ zoë: SECRET });
  assert.deepEqual(
    report.map(({ webhookId, requestId, callerId, sequence, finishedAtMs, signed, factored }) => [
      [webhookId, requestId, callerId, sequence, finishedAtMs],
      [signed, factored],
    ]),
    [
      [
        ['a_1', 'a', 'zoë', 1, 1_000],
        [true, true],
      ],
      [
        ['b_1', 'b', 'zoë', 1, 1_000],
        [true, false],
      ],
    ],
  );
  assert.ok(report.every(({ receivedAtMs }) => Math.abs(Date.now() - receivedAtMs) < 60_000));
  assert.deepEqual(
    (await receiver.report({ zoë: OTHER_SECRET })).map(({ signed }) => signed),
    [false, false],
  );
  assert.deepEqual(
    (await receiver.report({})).map(({ signed }) => signed),
    [false, false],
  );
});

test('hosts that hang take connections and never answer', async () => {
  await using receiver = await CallbackReceiver.start({ hangingHosts: 2 });
  const [first = '', second = ''] = receiver.hangingUrls;
  assert.notEqual(first, second);
  await assert.rejects(fetch(first, { method: 'POST', body: 'x', signal: AbortSignal.timeout(300) }), {
    name: 'TimeoutError',
  });
  assert.deepEqual(await receiver.count(), { received: 0, hung: 1 });
});

test('waiting for callbacks that never come has an end', async () => {
  await using receiver = await CallbackReceiver.start({ hangingHosts: 0 });
  const startMs = performance.now();
  await receiver.hasReceived(1, 200);
  assert.ok(performance.now() - startMs < 5_000);
});
