import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { FaultyService } from './faulty-service.ts';
import type { LoadOptions } from './load-options.ts';
import { endpointOf, testLoad } from './test-load.ts';

test('a server that is not there, or is another one, is found out before the load begins', async () => {
  await using service = await FaultyService.start();
  const gone = await FaultyService.start();
  const { url } = gone;
  await gone[Symbol.asyncDispose]();
  await assert.rejects(testLoad({ urls: [service.url, url] }), {
    name: 'UnfitServiceError',
    message: `Cannot load ${url}: GET /healthz failed (connection refused)`,
  });
  await assert.rejects(testLoad({ urls: ['http://there-is-no-such-host.invalid'] }), /\(host not found\)/);
  assert.equal(service.submissions, 0);
});

test('a receiver that cannot listen is an error that names the address', async () => {
  await using service = await FaultyService.start();
  const { port, hostname } = new URL(service.url);
  const receiver = { host: hostname, port: Number(port), publicUrl: undefined };
  await assert.rejects(
    testLoad({ urls: [service.url], mode: 'async', receiver }),
    new RegExp(`Cannot receive callbacks on 127.0.0.1, port ${port}: .*EADDRINUSE`),
  );
});

test('what is planned and sent is the same, however many threads send it', async () => {
  const sent = async (threads: number): Promise<unknown> => {
    await using service = await FaultyService.start();
    const result = await testLoad({
      urls: [service.url],
      mode: 'mixed',
      wait: 'long-poll',
      pace: { kind: 'open', perSecond: 200, arrivals: 'poisson' },
      rampMs: 200,
      spikes: [{ atMs: 400, forMs: 200, factor: 3 }],
      skew: 'zipf',
      threads,
    });
    assert.equal(result.planned, service.submissions);
    assert.equal(result.generator.threads, threads);
    return [
      result.planned,
      result.endpoints.slice(0, -1).map((endpoint) => endpoint.sent),
      result.callers.map((caller) => caller.sent),
      result.seconds.map((second) => second.planned).filter((planned) => planned > 0),
    ];
  };
  assert.deepEqual(await sent(3), await sent(1));
});

test('services are loaded in turn, over IPv6 and below a path as well', async () => {
  await using first = await FaultyService.start();
  await using second = await FaultyService.start({}, '::1');
  const result = await testLoad({
    urls: [first.url, `${second.url}/below/it/`],
    mode: 'queued',
    durationMs: 200,
  });
  assert.deepEqual([first.submissions, second.submissions, result.done], [20, 20, 40]);
});

test('no connection is left behind, whether the load ends by itself, is aborted, or has nobody who answers', async () => {
  for (const submission of [undefined, () => () => undefined]) {
    await using service = await FaultyService.start(submission ? { submission } : {});
    const aborting = new AbortController();
    const onTick = (): void => {
      if (service.submissions > 10) aborting.abort();
    };
    const result = await testLoad(
      { urls: [service.url], mode: 'mixed', durationMs: submission ? 60_000 : 200, connectionsMax: 40 },
      { signal: aborting.signal, onTick },
    );
    assert.equal(result.planned, result.sent);
    if (submission) assert.equal(result.interrupted, true);
    assert.ok(await service.isLeft(60_000), `${await service.connections()} connections are open`);
  }
});

test('a load that is aborted before it begins ends at once with the reason, whatever it waits for', async (t) => {
  const answers: Readonly<Record<string, [number, string]>> = {
    '/healthz': [200, '{"status":"ok"}'],
    '/callback-secret': [404, '{}'],
    '/async': [202, '{"request_id":"1","status":"queued"}'],
  };
  const silent = { services: ['/healthz', '/callback-secret'], callbacks: ['/async', '/calling-back'] };
  for (const [name, paths] of Object.entries(silent))
    for (const path of paths) {
      const asked = Promise.withResolvers<void>();
      const server = createServer((request, response) => {
        const { url: asks = '' } = request;
        if (asks === path || asks === '/async') asked.resolve();
        const [status, body] = answers[asks] ?? [404, '{}'];
        if (asks !== path) response.writeHead(status).end(body);
      });
      server.listen(0, '127.0.0.1');
      t.after(() => server.closeAllConnections());
      t.after(() => void server.close());
      await once(server, 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const aborting = new AbortController();
      const steps: string[] = [];
      const load = testLoad(
        { urls: [url], mode: 'async' },
        { signal: aborting.signal, onStep: (step) => steps.push(step.name) },
      );
      const abortedMs = asked.promise.then(() => {
        aborting.abort(new Error('enough'));
        return performance.now();
      });
      await assert.rejects(load, /^Error: enough$/, path);
      // Left to themselves, the questions end after five seconds, and the wait for a call after ten.
      const tookMs = performance.now() - (await abortedMs);
      assert.ok(tookMs < 4_000, `${path} took ${tookMs} ms`);
      assert.equal(steps.at(-1), name);
      server.close();
      // No connection of the load is open: this would wait for it.
      await once(server, 'close');
    }
});

test('a load tells what it does before it begins', async () => {
  await using service = await FaultyService.start();
  const steps = new Set<string>();
  await testLoad(
    { urls: [service.url], mode: 'async', durationMs: 10, threads: 2, digits: { min: 18, max: 20 } },
    { onStep: ({ name, done, of }) => steps.add(`${name} ${done}/${of}`) },
  );
  assert.deepEqual(
    [...steps],
    [
      'services 0/1',
      'callbacks 0/1',
      'numbers 0/2',
      'numbers 1/2',
      'threads 0/2',
      'threads 1/2',
      'threads 2/2',
    ],
  );
});

test('callers are named after the run, and what is planned does not depend on its name', async () => {
  const callersOf = async (runId: string | undefined): Promise<(readonly [string, number])[]> => {
    await using service = await FaultyService.start();
    const { callers, options } = await testLoad({ urls: [service.url], callers: 2, runId, durationMs: 200 });
    assert.equal(options.runId, runId);
    return callers.map(({ callerId, sent }) => [callerId, sent] as const);
  };
  const named = await callersOf('k3f9a');
  assert.deepEqual(
    named.map(([callerId]) => callerId),
    ['load-k3f9a-1', 'load-k3f9a-2'],
  );
  assert.deepEqual(
    (await callersOf(undefined)).map(([, sent]) => sent),
    named.map(([, sent]) => sent),
  );
});

test('a load is bounded in its connections, and what waits for one is charged', async () => {
  await using service = await FaultyService.start({
    submission: () => (response) => void setTimeout(() => response.writeHead(503).end(), 50),
  });
  let most = 0;
  const result = await testLoad(
    { urls: [service.url], durationMs: 600, connectionsMax: 8, graceMs: 20_000 },
    { onTick: () => void service.connections().then((count) => (most = Math.max(most, count))) },
  );
  assert.ok(most > 0 && most <= 8, `${most} connections were open`);
  const { sent, failed, latency } = endpointOf(result, 'POST /sync');
  assert.deepEqual([sent, failed], [120, { '503': 120 }]);
  assert.ok(result.generator.connectionWaits > 100, `${result.generator.connectionWaits} waited`);
  // Four at a time: the last of 120, planned after 0.6 s, is answered after 1.5 s.
  assert.ok(latency.max > 800, `max ${latency.max} ms`);
});

test('what cannot be is refused before anything is asked', async () => {
  const refused = (options: Partial<LoadOptions>, message: RegExp): Promise<void> =>
    assert.rejects(testLoad({ urls: ['http://127.0.0.1:1'], ...options }), message);
  await refused({ urls: [] }, /needs the URL of a service/);
  await refused({ urls: ['ftp://a/'] }, /Cannot load ftp:\/\/a\/: it must be an http or https URL/);
  await refused(
    { pace: { kind: 'open', perSecond: 0, arrivals: 'constant' } },
    /rate must be from 0.001 to 1000000: it is 0/,
  );
  await refused(
    { pace: { kind: 'closed', connections: 2.5 } },
    /connections must be a whole number: it is 2.5/,
  );
  await refused({ pace: { kind: 'closed', connections: 2 }, rampMs: 10 }, /closed model has no rate/);
  await refused(
    { spikes: [{ atMs: 2_000, forMs: 1, factor: 2 }] },
    /beginning of a spike in ms must be from 0 to 1000: it is 2000/,
  );
  await refused(
    { threads: 4, connectionsMax: 7 },
    /connections must be at least 8, 2 for each of 4 threads and 1 services: it is 7/,
  );
  await refused({ runId: 'a b' }, /id of a run must be .*: it is "a b"/);
  await refused({ callers: 10_001 }, /callers must be from 1 to 10000: it is 10001/);
  await refused({ digits: { min: 18, max: 201 } }, /digits must be from 18 to 200: it is 201/);
  await refused({ mode: 'sync', wait: 'callback' }, /In mode sync nothing is told by a callback/);
  await refused({ mode: 'async', receiver: undefined }, /needs an address at which callbacks are received/);
  const everywhere = { host: '0.0.0.0', port: 0, publicUrl: undefined };
  await refused({ mode: 'async', receiver: everywhere }, /the URL that the service is to call must be given/);
});
