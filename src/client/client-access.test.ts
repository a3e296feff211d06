import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from './client.ts';
import { accept, DONE_15, json, scriptedServer, type Step } from './scripted-server.ts';

const KEY = 'fsk_secret';

/** Accepts what is posted; shows 15 as done, in lists and alone. */
const service: Step = (response, seen) => {
  if (seen.method === 'POST' && !seen.path.endsWith('/resume')) accept(response, seen);
  else if (/^\/requests(\?|$)/.test(seen.path))
    json(200, { requests: [DONE_15], next: null })(response, seen);
  else json(200, DONE_15)(response, seen);
};

test('an API key goes with every exchange, and then no caller needs to be named', async () => {
  await using server = await scriptedServer(service);
  const client = createClient({ url: server.url, apiKey: KEY });
  await client.submit(15);
  await client.submit([15, 21]);
  await client.result('id-15');
  await client.wait('id-15');
  await client.cancel('id-15');
  await client.resume('id-15');
  for await (const _ of client.list()) break;
  for await (const _ of client.events('id-15')) break;
  assert.ok(server.seen.length >= 8);
  for (const { headers, method, path } of server.seen) {
    assert.equal(headers.authorization, `Bearer ${KEY}`, `${method} ${path}`);
    assert.equal(headers['x-caller-id'], undefined);
  }
});

test('without an API key nothing is shown', async () => {
  await using server = await scriptedServer(service);
  await createClient({ url: server.url, callerId: 'acme' }).submit(15);
  assert.equal(server.seen[0]?.headers.authorization, undefined);
});

test('what can be no API key is refused at once, and not repeated in the error', () => {
  for (const apiKey of ['', 'two words', 'line\nbreak', 'schlüssel'])
    assert.throws(
      () => createClient({ url: 'http://127.0.0.1:1', apiKey }),
      (error: Error) => error instanceof TypeError && (apiKey === '' || !error.message.includes(apiKey)),
    );
});

test('with a callback URL numbers are submitted where the service calls back, alone and in batches', async () => {
  await using server = await scriptedServer(service);
  const client = createClient({ url: server.url, callerId: 'acme' });
  const callbackUrl = 'https://hooks.example.com/';
  await client.submit(15, { callbackUrl });
  await client.submit([15, 21], { callbackUrl });
  assert.deepEqual(
    server.seen.map(({ path, body }) => [path, JSON.parse(body) as unknown]),
    [
      ['/async', { number: '15', callback_url: callbackUrl }],
      ['/async', { numbers: ['15', '21'], callback_url: callbackUrl }],
    ],
  );
});
