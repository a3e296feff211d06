import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { runOpenLoop } from './open-loop.ts';
import { Samples } from './samples.ts';

const REQUEST = 'GET / HTTP/1.1\r\nhost: test\r\n\r\n';

test('a stall is charged to everything that was planned meanwhile, not to one request for each connection', async () => {
  const stallMs = 500;
  let stalledUntilMs = Infinity;
  const server = createServer((_request, response) => {
    // The stall begins with the first request.
    if (stalledUntilMs === Infinity) stalledUntilMs = performance.now() + stallMs;
    setTimeout(() => response.end('ok'), Math.max(0, stalledUntilMs - performance.now()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const latencyMs = new Samples();
  let failures = 0;
  const { sent } = await runOpenLoop({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: 2,
    perSecond: 200,
    durationMs: 1_000,
    arrivals: 'poisson',
    seed: 1,
    next: () => ({
      request: REQUEST,
      onAnswer: (success, ms) => {
        latencyMs.add(ms);
        if (!success) failures++;
      },
    }),
  });
  server.close();
  assert.equal(failures, 0);
  assert.equal(latencyMs.count, sent);
  assert.ok(sent > 120 && sent < 280, `About 200 were planned: ${sent}`);
  // About half of all arrive during the stall, and wait half of it on average.
  assert.ok(latencyMs.quantile(0.75) > stallMs / 4, `The 75th percentile is ${latencyMs.quantile(0.75)} ms`);
  assert.ok(latencyMs.quantile(1) >= stallMs * 0.9);
});

test('what nobody answers is a failure, once', async () => {
  const server = createServer((request) => request.socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const outcomes: boolean[] = [];
  const { sent } = await runOpenLoop({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: 4,
    perSecond: 100,
    durationMs: 200,
    arrivals: 'poisson',
    seed: 2,
    next: () => ({ request: REQUEST, onAnswer: (success) => outcomes.push(success) }),
  });
  server.close();
  assert.ok(sent > 0);
  assert.deepEqual(
    outcomes,
    Array.from({ length: sent }, () => false),
  );
});
