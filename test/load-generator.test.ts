/** The load generator against the real server: every door and every way to learn of an end, with nothing lost, wrong or failed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import tls from 'node:tls';
import { readCallerSecrets, SECRET_FILE_NAME } from '../src/callbacks/callback-secret-file.ts';
import { TEST_CERTIFICATE, TEST_CERTIFICATE_KEY } from '../src/callbacks/test-certificate.ts';
import { HttpConnection } from '../src/loadgen/http-connection.ts';
import type { LoadMode, Wait } from '../src/loadgen/load-options.ts';
import { ENDPOINTS, type LoadResult, type LoadTick } from '../src/loadgen/load-result.ts';
import { endpointOf, testLoad } from '../src/loadgen/test-load.ts';
import { runProgram } from './support/program.ts';
import { Server } from './support/server.ts';

const ENV = { FAIRSIEVE_CALLBACK_ALLOW: '127.0.0.0/8' };
const server = await Server.start({ env: ENV });
after(() => server[Symbol.asyncDispose]());

function secretsOf(callerId: string): readonly string[] {
  const { current, former } = readCallerSecrets(
    path.join(server.dataDir, SECRET_FILE_NAME),
    callerId,
    Date.now(),
  );
  return [current, ...former.map(({ secret }) => secret)];
}

/** Everything that was planned was sent, answered, done and right. */
function assertFlawless(result: LoadResult): void {
  const { planned, sent, accepted, done, unfinished, lost, wrong, wrongExamples, endpoints, generator } =
    result;
  assert.ok(planned > 0);
  assert.deepEqual({ sent, accepted, done }, { sent: planned, accepted: planned, done: planned });
  assert.deepEqual(
    { unfinished, lost, wrong, wrongExamples, dropped: generator.dropped },
    { unfinished: 0, lost: 0, wrong: 0, wrongExamples: [], dropped: 0 },
  );
  for (const { endpoint, sent: asked, succeeded, failed, notAnswered, latency } of endpoints) {
    assert.deepEqual(
      { failed, notAnswered, succeeded },
      { failed: {}, notAnswered: 0, succeeded: asked },
      endpoint,
    );
    assert.equal(latency.count, asked, endpoint);
  }
  if (!result.callbacks) return;
  const { promised, received, missing, twice, badlySigned, unverified, gaps } = result.callbacks;
  assert.deepEqual(
    { received, missing, twice, badlySigned, unverified, gaps },
    { received: promised, missing: 0, twice: 0, badlySigned: 0, unverified: 0, gaps: 0 },
  );
}

const MODES: readonly LoadMode[] = ['queued', 'sync', 'async', 'values', 'mixed'];
const WAITS: readonly Wait[] = ['poll', 'long-poll', 'events', 'callback'];
let seed = 1;

for (const mode of MODES) {
  for (const wait of WAITS) {
    const callsBack = mode === 'async' || mode === 'mixed';
    if (wait === 'callback' && !callsBack) continue;
    test(`mode ${mode}, results by ${wait}`, async () => {
      const result = await testLoad(
        {
          urls: [server.url],
          mode,
          wait,
          pace: { kind: 'open', perSecond: 100, arrivals: 'poisson' },
          durationMs: 500,
          seed: seed++,
          threads: 2,
          secretOf: 'self',
          graceMs: 30_000,
        },
        { secretsOf },
      );
      assertFlawless(result);
      assert.equal(result.callbacks !== undefined, callsBack);
      if (callsBack) assert.ok(result.callbacks!.promised > 0);
      // Values tell neither who computed nor when.
      if (mode !== 'values')
        assert.ok(result.callers.every(({ waiting, done }) => waiting.count > 0 && waiting.count <= done));
      const used = result.endpoints.map(({ endpoint }) => endpoint).filter((name) => name !== 'GET result');
      assert.equal(used.length, mode === 'mixed' ? ENDPOINTS.length - 1 : 1);
    });
  }
}

test('numbers that take longer than a held answer are followed to their end, by whatever door they came', async () => {
  await using hasty = await Server.start({ env: { FAIRSIEVE_WAIT_MS_MAX: '20' } });
  for (const mode of ['sync', 'values', 'queued'] as const) {
    const result = await testLoad({
      urls: [hasty.url],
      mode,
      wait: mode === 'queued' ? 'events' : 'long-poll',
      pace: { kind: 'open', perSecond: 10, arrivals: 'constant' },
      durationMs: 500,
      digits: { min: 50, max: 50 },
      seed: seed++,
      graceMs: 120_000,
    });
    assertFlawless(result);
    assert.ok(endpointOf(result, 'GET result').sent >= 1, `${mode}: nothing was asked for`);
  }
});

test('a closed model keeps its connections busy, and the shares of the callers are told', async () => {
  const result = await testLoad({
    urls: [server.url],
    mode: 'sync',
    pace: { kind: 'closed', connections: 8 },
    threads: 2,
    skew: 'one-hog',
    seed: seed++,
  });
  assertFlawless(result);
  const [hog, ...others] = result.callers;
  assert.ok(hog!.sent > others.reduce((sum, { sent }) => sum + sent, 0), 'the hog sends most');
  assert.ok(hog!.cpuMs > 0);
  const shares = result.callers.reduce((sum, { cpuShare }) => sum + cpuShare, 0);
  assert.ok(Math.abs(shares - 1) < 1e-9, `shares sum to ${shares}`);
  const { jainIndex = 0 } = result.fairness;
  assert.ok(jainIndex > 0.5 && jainIndex <= 1 + 1e-9, `Jain's index ${jainIndex}`);
  assert.equal(result.fairness.worstWaitMs, Math.max(...result.callers.map(({ waiting }) => waiting.max)));
});

test('a load that is aborted ends at once, and tells what there is', async () => {
  const aborting = new AbortController();
  const ticks: LoadTick[] = [];
  const startMs = performance.now();
  const result = await testLoad(
    { urls: [server.url], mode: 'sync', durationMs: 600_000, seed: seed++ },
    {
      signal: aborting.signal,
      onTick: (tick) => {
        ticks.push(tick);
        if (tick.done > 50 && ticks.length > 1) aborting.abort();
      },
    },
  );
  assert.ok(performance.now() - startMs < 30_000);
  assert.ok(result.done > 50 && result.wrong === 0 && result.elapsedMs < 20_000);
  assert.ok(ticks.length >= 2 && ticks.every(({ phase }) => phase === 'load'));
  ticks.forEach(({ planned, answered, done }, i) => {
    const before = ticks[i - 1] ?? { planned: 0, answered: 0, done: 0 };
    assert.ok(
      planned >= before.planned && answered >= before.answered && done >= before.done && planned >= answered,
    );
  });
});

test('with an access key the load is that of its caller, and its callbacks are verified without being told how', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fairsieve-load-'));
  const env = { ...ENV, FAIRSIEVE_API_KEYS_FILE: path.join(folder, 'keys.json'), FAIRSIEVE_WORKERS: '1' };
  const keyFor = async (...owner: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(['key', 'create', '--json', ...owner], env);
    assert.equal(code, 0, stderr);
    return (JSON.parse(stdout) as { readonly key: string }).key;
  };
  const keys = { caller: await keyFor('--caller', 'zoë'), operator: await keyFor('--operator') };
  await using guarded = await Server.start({ env });
  const load = {
    urls: [guarded.url],
    mode: 'async',
    wait: 'callback',
    durationMs: 300,
    graceMs: 30_000,
  } as const;
  const own = await testLoad({ ...load, apiKey: keys.caller, callers: 1 });
  assertFlawless(own);
  assert.deepEqual([own.callers.length, own.callers[0]!.callerId], [1, 'zoë']);
  assert.equal(JSON.stringify(own).includes(keys.caller), false, 'the key must not be in a report');
  assertFlawless(await testLoad({ ...load, apiKey: keys.operator, callers: 3, seed: 2 }));
  await assert.rejects(
    testLoad({ ...load, apiKey: keys.caller, callers: 2 }),
    /caller "zoë": there can be 1 caller, not 2/,
  );
  await assert.rejects(
    testLoad({ ...load, apiKey: `${keys.caller}x` }),
    /refuses the API key \(401 api_key_invalid\)/,
  );
  await rm(folder, { recursive: true, force: true });
});

test('a service that may not call the receiver is found out before the load, and says why', async () => {
  await using strict = await Server.start({ env: { FAIRSIEVE_WORKERS: '1' } });
  await assert.rejects(testLoad({ urls: [strict.url], mode: 'async' }), (error: Error) => {
    assert.equal(error.name, 'UnfitServiceError');
    assert.match(
      error.message,
      /does not take http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]+\/trial for a callback URL: 422 .*callback_url_invalid/,
    );
    return true;
  });
});

test('https is spoken where the certificate is good, and says why where it is not', async () => {
  const secure = https.createServer(
    { cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY },
    (_request, response) => {
      response.write('chunk by ');
      response.end('chunk');
    },
  );
  secure.listen(0, '127.0.0.1');
  await once(secure, 'listening');
  const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
  const ask = (connection: HttpConnection): Promise<string> =>
    new Promise((resolve) =>
      connection.exchange('GET / HTTP/1.1\r\nhost: test\r\n\r\n', (end) =>
        resolve(end.kind === 'answered' ? end.body.toString() : end.reason),
      ),
    );
  using distrusting = new HttpConnection(url);
  assert.match(await ask(distrusting), /self-signed certificate/);
  tls.setDefaultCACertificates([TEST_CERTIFICATE]);
  using trusting = new HttpConnection(url);
  assert.equal(await ask(trusting), 'chunk by chunk');
  assert.equal(await ask(trusting), 'chunk by chunk');
  secure.closeAllConnections();
  secure.close();
});
