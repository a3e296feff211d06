import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from './client.ts';
import { DONE_15, json, requestBody, scriptedServer, type Step } from './scripted-server.ts';

const EAGER = { baseMs: 1, capMs: 1 };

/** An event stream with these events, ended after them unless it is to be cut off. */
function stream(events: readonly [string, unknown][], { cut = false } = {}): Step {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.write('retry: 3000\n\n: alive\n\n');
    for (const [event, data] of events)
      response.write(`event: ${event}\nid: x\ndata: ${JSON.stringify(data)}\n\n`);
    if (cut) setTimeout(() => response.destroy(), 20);
    else response.end();
  };
}

test('states and progress arrive as whole requests, until the end', async () => {
  const progress = { stage: 'siqs', fraction: 0.5, remaining_ms: 10 };
  await using server = await scriptedServer(
    stream([
      ['state', requestBody({ status: 'running' })],
      ['progress', { request_id: 'ID', status: 'running', position: null, expected_ms: 10, progress }],
      ['something-new', { a: 1 }],
      ['state', DONE_15],
    ]),
  );
  const seen = await Array.fromAsync(createClient({ url: server.url, callerId: 'acme' }).events('ID'));
  assert.deepEqual(
    seen.map(({ status, progress: p }) => [status, p?.fraction]),
    [
      ['running', undefined],
      ['running', 0.5],
      ['done', undefined],
    ],
  );
  assert.equal(seen[1]?.number, '15');
});

test('a stream that is cut off is opened again', async () => {
  await using server = await scriptedServer(
    stream([['state', requestBody({ status: 'running' })]], { cut: true }),
    stream([['state', DONE_15]]),
  );
  const client = createClient({ url: server.url, callerId: 'acme', retryPolicy: EAGER });
  const seen = await Array.fromAsync(client.events('ID'));
  assert.deepEqual(
    seen.map(({ status }) => status),
    ['running', 'done'],
  );
});

test('where no stream gets through, long-polls take over', async () => {
  await using server = await scriptedServer((response, seen) => {
    if (seen.path.endsWith('/events'))
      response.writeHead(200, { 'content-type': 'text/html' }).end('<p>a proxy</p>');
    else json(200, DONE_15)(response, seen);
  });
  const client = createClient({ url: server.url, callerId: 'acme', retryPolicy: EAGER });
  assert.deepEqual(
    (await Array.fromAsync(client.events('ID'))).map(({ status }) => status),
    ['done'],
  );
});

test('leaving the loop closes the stream', async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  await using server = await scriptedServer((response) => {
    response.on('close', resolve);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`event: state\ndata: ${JSON.stringify(requestBody({ status: 'running' }))}\n\n`);
  });
  for await (const request of createClient({ url: server.url, callerId: 'acme' }).events('ID')) {
    assert.equal(request.status, 'running');
    break;
  }
  await closed;
});

test('aborting ends the watch with the reason given', async () => {
  await using server = await scriptedServer(stream([['state', requestBody({})]], { cut: true }));
  const abort = new AbortController();
  const events = createClient({ url: server.url, callerId: 'acme' }).events('ID', { signal: abort.signal });
  await assert.rejects(async () => {
    for await (const request of events) abort.abort(new Error(`seen ${request.status}`));
  }, /seen queued/);
});
