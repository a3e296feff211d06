/** Services that do wrong: each is reported as what it does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Faults, FaultyService, type Misbehaviour, SECRET, type Told } from './faulty-service.ts';
import type { LoadTick } from './load-result.ts';
import { endpointOf, testLoad, testLoadUntil } from './test-load.ts';

const hangUp: Misbehaviour = (response) => void response.destroy();

test('a server that stalls for 3 s is charged for everything that was planned meanwhile, though few connections wait', async () => {
  await using service = await FaultyService.start({ stall: { fromMs: 1_000, toMs: 4_000 } });
  const result = await testLoad({
    urls: [service.url],
    pace: { kind: 'open', perSecond: 100, arrivals: 'constant' },
    durationMs: 5_000,
    connectionsMax: 4,
  });
  const { sent, latency, late } = endpointOf(result, 'POST /sync');
  assert.equal(sent, 500);
  // Three fifths of all were planned during the stall, evenly from 3 s before its end to its end.
  const { p50, p90, p99, max } = latency;
  // A machine that is busy with other things makes all of it longer, and nothing shorter.
  assert.ok(p50 > 300, `p50 is ${p50} ms`);
  assert.ok(p90 > 2_200, `p90 is ${p90} ms`);
  assert.ok(p99 > 2_800 && max > 2_900, `p99 is ${p99} ms, max ${max} ms`);
  assert.ok(late >= 90, `${late} were late`);
  assert.equal(result.done, 500);
  assert.ok(
    result.seconds.some(({ planned, answered }) => planned > 0 && answered === 0),
    'there is a second in which nothing was answered',
  );
  assert.ok(
    Math.max(...result.seconds.slice(4).map((second) => second.max)) > 2_900,
    'a later one shows what it cost',
  );
});

test('a closed model waits with a server that stalls, and counts from the sending', async () => {
  await using service = await FaultyService.start({ stall: { fromMs: 300, toMs: 3_300 } });
  const result = await testLoad({
    urls: [service.url],
    pace: { kind: 'closed', connections: 3 },
    durationMs: 4_000,
  });
  const { sent, latency } = endpointOf(result, 'POST /sync');
  assert.ok(sent > 100 && latency.p50 < 100, `${sent} sent, p50 ${latency.p50} ms`);
  assert.ok(latency.max > 900, `max ${latency.max} ms`);
  assert.equal(latency.curve.filter(([, ms]) => ms > 900).length > 0, true);
});

test('wrong products, composite factors, other numbers and incomplete answers are told as wrong, with an example each', async () => {
  const wrongs: readonly ((told: Told) => Told)[] = [
    (told) => ({ ...told, prime_factors: ['3', '5'] }),
    (told) => ({ ...told, prime_factors: [told.number] }),
    (told) => ({ ...told, number: '15', prime_factors: ['3', '5'] }),
    (told) => ({ ...told, complete: false }),
    (told) => ({ ...told, prime_factors: ['1', ...(told.prime_factors as string[])] }),
    (told) => ({ ...told, prime_factors: ['-3', 'five'] }),
  ];
  await using service = await FaultyService.start({
    result: (told, i) => (i % 20 === 7 ? wrongs[Math.floor(i / 20) % wrongs.length]!(told) : told),
  });
  const result = await testLoad({ urls: [service.url], durationMs: 600 });
  assert.equal(result.planned, 120);
  assert.deepEqual([result.wrong, result.done, result.unfinished], [6, 114, 0]);
  for (const what of [
    'multiply to 15',
    'is not prime',
    'is about 15',
    'not complete',
    'The factor 1',
    'no integer',
  ])
    assert.ok(
      result.wrongExamples.some((example) => example.toLowerCase().includes(what.toLowerCase())),
      `${what} is not among ${result.wrongExamples.join('; ')}`,
    );
});

test('refusals, broken connections and answers that cannot be read are counted by their reason', async () => {
  const problem = { status: 503, code: 'overloaded', title: '', type: '', detail: '' };
  const faults = [
    (response) => void response.writeHead(503, { 'retry-after': '1' }).end(JSON.stringify(problem)),
    (response) => void response.writeHead(500).end('<html>'),
    hangUp,
    (response) => void response.writeHead(200).end('{"request_id": "1", "stat'),
    (response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{');
      setTimeout(hangUp, 20, response);
    },
    (response) => void response.socket?.end('What?\r\n\r\n'),
  ] satisfies readonly Misbehaviour[];
  await using service = await FaultyService.start({
    submission: (i) => (i < 100 ? undefined : faults[i % 6]),
  });
  const result = await testLoad({ urls: [service.url], durationMs: 800 });
  const { sent, succeeded, failed } = endpointOf(result, 'POST /sync');
  assert.deepEqual([sent, succeeded], [160, 100]);
  assert.deepEqual(failed, {
    '503 overloaded': 10,
    '500': 10,
    'connection closed': 10,
    'malformed answer': 20,
    'answer cut off': 10,
  });
  assert.deepEqual([result.accepted, result.done, result.unfinished], [100, 100, 0]);
});

test('what is never answered is told so, with the time that it was waited for', async () => {
  await using service = await FaultyService.start({
    submission: (i) => (i % 4 === 3 ? () => undefined : undefined),
  });
  const result = await testLoad({ urls: [service.url], durationMs: 200, graceMs: 6_000 });
  const { sent, succeeded, notAnswered, latency } = endpointOf(result, 'POST /sync');
  assert.deepEqual([sent, succeeded, notAnswered], [40, 30, 10]);
  assert.equal(latency.count, 40);
  // Left to itself, an answer is waited for longer.
  assert.ok(latency.max >= 6_000 && latency.max < 25_000, `max ${latency.max} ms`);
});

test('what the generator cannot hold any more is dropped, and told', async () => {
  await using service = await FaultyService.start({ submission: () => () => undefined });
  const result = await testLoad({
    urls: [service.url],
    pace: { kind: 'open', perSecond: 1_000_000, arrivals: 'constant' },
    durationMs: 150,
    graceMs: 3_000,
  });
  const { planned, sent, generator } = result;
  assert.deepEqual([planned, generator.dropped], [150_000, 150_000 - sent]);
  assert.ok(sent >= 100_000 && sent < 100_100, `${sent} were sent`);
  assert.equal(endpointOf(result, 'POST /sync').notAnswered, sent);
});

test('requests that the service forgets or fails are lost, and those that it never ends unfinished', async () => {
  await using service = await FaultyService.start({
    fetch: (i) =>
      i % 10 === 1
        ? (response) => void response.writeHead(404).end('{"code":"request_not_found"}')
        : undefined,
    result: (told, i) =>
      i % 10 === 2
        ? { ...told, status: 'failed' }
        : i % 10 === 3
          ? { ...told, status: 'running' }
          : i % 10 === 4
            ? { ...told, status: 'partial', complete: false }
            : told,
  });
  const result = await testLoad({
    urls: [service.url],
    mode: 'queued',
    wait: 'poll',
    durationMs: 500,
    graceMs: 8_000,
  });
  assert.equal(result.accepted, 100);
  assert.deepEqual([result.done, result.lost, result.unfinished, result.wrong], [60, 20, 20, 0]);
  assert.deepEqual(endpointOf(result, 'GET result').failed, { '404 request_not_found': 10 });
  // Ten never end: until the end of the grace they have waited.
  assert.equal(
    result.callers.reduce((sum, { unfinished }) => sum + unfinished, 0),
    20,
  );
  assert.ok(result.fairness.worstWaitMs > 7_900, `worst wait ${result.fairness.worstWaitMs} ms`);
});

test('a question that fails is asked again until the result is known', async () => {
  const failures = new Map<number, number>();
  await using service = await FaultyService.start({
    fetch: (i) => {
      const before = failures.get(i) ?? 0;
      failures.set(i, before + 1);
      return before < 2 ? (response) => void response.writeHead(503).end() : undefined;
    },
  });
  const result = await testLoad({ urls: [service.url], mode: 'queued', durationMs: 200 });
  assert.deepEqual([result.done, result.unfinished], [40, 0]);
  const { sent, failed } = endpointOf(result, 'GET result');
  assert.deepEqual([sent, failed], [120, { '503': 80 }]);
});

test('callbacks that never come are missing, and leave gaps; those that come twice are told, and are one result', async () => {
  await using service = await FaultyService.start({
    callbacks: (i) => (i % 100 === 50 ? 0 : i % 10 === 3 ? 2 : 1),
  });
  const result = await testLoadUntil(
    {
      urls: [service.url],
      mode: 'async',
      wait: 'callback',
      callers: 1,
      secretOf: { secret: SECRET },
    },
    // With the trial before the load.
    ({ done }) => done === 198 && service.delivered === 198 + 20 + 1,
  );
  const { promised, received, missing, twice, gaps, badlySigned, unverified } = result.callbacks!;
  assert.deepEqual([promised, received, missing, twice, gaps], [200, 198, 2, 20, 2]);
  assert.deepEqual([badlySigned, unverified], [0, 0]);
  assert.deepEqual([result.done, result.unfinished, result.lost], [198, 2, 0]);
  assert.equal(result.callbacks!.fromAcceptance.count, 198);
});

test('callbacks with another signature or content are told, and without a secret none is called verified', async () => {
  await using service = await FaultyService.start({
    callbackBody: (body, i) =>
      i % 10 === 3 ? body.replace(/"cpu_ms":1/, '"cpu_ms":2') : i % 50 === 7 ? '{"a":' : body,
  });
  const load = { urls: [service.url], mode: 'async', wait: 'callback', durationMs: 500 } as const;
  const isThere = ({ done }: LoadTick): boolean => done === 98 && service.delivered === callbacks;
  let callbacks = 101;
  const signed = await testLoadUntil({ ...load, secretOf: { secret: SECRET } }, isThere);
  assert.deepEqual([signed.callbacks!.badlySigned, signed.callbacks!.unverified], [10, 0]);
  assert.deepEqual([signed.wrong, signed.callbacks!.missing], [2, 2]);
  assert.equal(JSON.stringify(signed).includes(SECRET), false, 'the secret must not be in a report');
  callbacks += 101;
  const unsigned = await testLoadUntil({ ...load, seed: 2 }, isThere);
  assert.deepEqual([unsigned.callbacks!.badlySigned, unsigned.callbacks!.unverified], [0, 98]);
});

test('what is no fairsieve service, or asks for an API key that was not given, is told before anything is sent', async () => {
  const cases: [Faults, RegExp][] = [
    [{ health: 'ok' }, /this is no fairsieve service, .*GET \/healthz/],
    [{ health: '{"status":"up"}' }, /this is no fairsieve service/],
    [{ asksForKey: true }, /it asks for an API key, .*--api-key KEY \(401 api_key_missing\)/],
  ];
  for (const [faults, message] of cases) {
    await using service = await FaultyService.start(faults);
    await assert.rejects(testLoad({ urls: [service.url] }), { name: 'UnfitServiceError', message });
    assert.equal(service.submissions, 0);
  }
});

test('a question that the service holds when the load ends is taken back, and is no fault of it', async () => {
  await using service = await FaultyService.start({ fetch: () => () => undefined });
  const result = await testLoadUntil(
    { urls: [service.url], mode: 'queued', durationMs: 100 },
    ({ answered }) => answered === 20,
  );
  assert.equal(result.unfinished, 20);
  assert.equal(
    result.endpoints.some(({ endpoint }) => endpoint === 'GET result'),
    false,
  );
});
