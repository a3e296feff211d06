import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { clientClock, type ClientClock } from './client-clock.ts';
import {
  createClient,
  ProblemError,
  UnavailableError,
  UnfinishedError,
  WrongAnswerError,
  type Client,
  type ClientOptions,
  type RequestBody,
} from './client.ts';
import {
  accept,
  DONE_15,
  hang,
  json,
  refuse,
  requestBody,
  resetMidBody,
  scriptedServer,
  type Step,
} from './scripted-server.ts';

/** The real clock, but pauses pass at once, are counted as time, and are remembered. */
function hastyClock(): ClientClock & { readonly pauses: number[] } {
  const pauses: number[] = [];
  const skippedMs = (): number => pauses.reduce((sum, ms) => sum + ms, 0);
  return {
    pauses,
    wallMs: () => clientClock.wallMs() + skippedMs(),
    monotonicMs: () => clientClock.monotonicMs() + skippedMs(),
    pause: async (ms, signal) => {
      signal?.throwIfAborted();
      pauses.push(ms);
    },
  };
}

function connect(url: string, options: Partial<ClientOptions> = {}): Client {
  return createClient({ url, callerId: 'acme', clock: hastyClock(), ...options });
}

function page(ids: string[], next: string | null): Step {
  return json(200, { requests: ids.map((id) => requestBody({ request_id: id })), next });
}

test('a submission that is refused for now, broken off and left unanswered is repeated with the same key and the same bytes', async () => {
  await using server = await scriptedServer(
    refuse(503, 'store_full', { 'retry-after': '7' }),
    resetMidBody,
    refuse(429, 'slow_down'),
    hang,
    accept,
  );
  const clock = hastyClock();
  let notices = 0;
  const onRetry = (): unknown => notices++;
  const submitted = await connect(server.url, { clock, attemptMs: 2_000, onRetry }).submit(10n ** 30n + 57n);
  assert.equal(submitted.request_id, 'id-1000000000000000000000000000057');
  assert.equal(server.seen.length, notices + 1);
  assert.ok(notices >= 4, `it was repeated ${notices} times`);
  assert.equal(new Set(server.seen.map((seen) => seen.headers['idempotency-key'])).size, 1);
  assert.deepEqual(
    new Set(server.seen.map((seen) => seen.body)),
    new Set(['{"number":"1000000000000000000000000000057"}']),
  );
  assert.ok((clock.pauses[0] ?? 0) >= 7_000, `waited ${clock.pauses[0]} ms where 7 s were asked for`);
});

test('two submissions of the same number have different keys', async () => {
  await using server = await scriptedServer(accept);
  const client = connect(server.url);
  await client.submit(15);
  await client.submit(15);
  assert.notEqual(server.seen[0]?.headers['idempotency-key'], server.seen[1]?.headers['idempotency-key']);
});

test('a refusal for good is a ProblemError with code, status and detail, and is not repeated', async () => {
  await using server = await scriptedServer(refuse(422, 'number_invalid'));
  await assert.rejects(connect(server.url).submit('2^'), (error: ProblemError) => {
    assert.ok(error instanceof ProblemError);
    assert.deepEqual(
      [error.status, error.code, error.detail],
      [422, 'number_invalid', 'because of number_invalid'],
    );
    return true;
  });
  assert.equal(server.seen.length, 1);
});

test('an error page of something on the way is a ProblemError too', async () => {
  await using server = await scriptedServer((response) => response.writeHead(403).end('<h1>Forbidden</h1>'));
  await assert.rejects(connect(server.url).result('ID'), {
    name: 'ProblemError',
    status: 403,
    code: 'http_error',
  });
});

test('when patience runs out there is an UnavailableError that says why', async () => {
  const server = await scriptedServer(hang);
  await server.stop();
  const notices: number[] = [];
  const client = connect(server.url, {
    patienceMs: 5_000,
    random: () => 0.5,
    onRetry: ({ attempts }) => notices.push(attempts),
  });
  await assert.rejects(client.submit(15), (error: UnavailableError) => {
    assert.ok(error instanceof UnavailableError);
    assert.match(error.message, /ECONNREFUSED/);
    assert.ok(error.attempts > 2);
    return true;
  });
  assert.deepEqual(notices.slice(0, 2), [1, 2]);
});

test('patience is used up: attempts go on until hardly any of it is left', async () => {
  await using server = await scriptedServer(refuse(503, 'stopping'));
  for (const random of [0.2, 0.5, 0.99]) {
    const clock = hastyClock();
    const beganMs = clock.monotonicMs();
    const client = connect(server.url, { clock, patienceMs: 60_000, random: () => random });
    await assert.rejects(client.submit(15), { name: 'UnavailableError' });
    const triedMs = clock.monotonicMs() - beganMs;
    assert.ok(triedMs > 59_900 && triedMs < 60_100, `gave up after ${triedMs} of 60,000 ms`);
  }
});

test('a service that asks to come back after the end of patience is not waited for', async () => {
  await using server = await scriptedServer(refuse(503, 'stopping', { 'retry-after': '3600' }));
  await assert.rejects(connect(server.url).submit(15), { name: 'UnavailableError', attempts: 1 });
});

test('aborting ends a pause and an exchange under way with the reason given', async () => {
  await using refusing = await scriptedServer(refuse(503, 'store_full', { 'retry-after': '60' }));
  await using hanging = await scriptedServer(hang);
  for (const { url } of [refusing, hanging]) {
    const abort = new AbortController();
    const submission = createClient({ url, callerId: 'acme' }).submit(15, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 50);
    await assert.rejects(submission, /enough/);
  }
});

test('a double that may be rounded is refused before anything is sent', async () => {
  await using server = await scriptedServer(accept);
  const client = connect(server.url);
  for (const double of [1e30, 2 ** 53, 1.5, Number.NaN])
    await assert.rejects(client.submit(double), TypeError);
  assert.equal((await client.submit(2 ** 53 - 1)).number, '9007199254740991');
  assert.equal(server.seen.length, 1);
});

test('25,000 numbers go in three batches, in order, each under a key of its own', async () => {
  await using server = await scriptedServer(refuse(503, 'store_full'), accept);
  const numbers = Array.from({ length: 25_000 }, (_, i) => i + 1);
  const submitted = await connect(server.url).submit(numbers);
  assert.deepEqual(
    submitted.map(({ number }) => Number(number)),
    numbers,
  );
  const keys = server.seen.map((seen) => seen.headers['idempotency-key']);
  assert.equal(keys.length, 4);
  assert.equal(keys[0], keys[1]);
  assert.equal(new Set(keys).size, 3);
});

test('a caller id that no header can carry travels in the query', async () => {
  await using server = await scriptedServer(accept);
  await connect(server.url).submit(15);
  await connect(server.url, { callerId: 'Zoë ✓' }).submit(15);
  await connect(server.url, { callerId: ' padded ' }).submit(15);
  assert.equal(server.seen[0]?.headers['x-caller-id'], 'acme');
  assert.deepEqual(
    server.seen.slice(1).map(({ path }) => new URL(path, server.url).searchParams.get('caller_id')),
    ['Zoë ✓', ' padded '],
  );
});

test('waiting goes on through a restart of the service', async () => {
  let answered = 0;
  const step: Step = (response, seen) => {
    if (++answered < 3) json(200, requestBody({ status: 'running' }))(response, seen);
    else json(200, DONE_15)(response, seen);
  };
  await using server = await scriptedServer(step);
  const slow = { ...hastyClock(), pause: (ms: number) => clientClock.pause(Math.min(ms, 20)) };
  const waiting = connect(server.url, { clock: slow }).wait('ID');
  await server.stop();
  setTimeout(() => void server.start(), 100);
  assert.deepEqual((await waiting).prime_factors, ['3', '5']);
});

test('waiting asks the service to hold its answers, and pauses as asked where it does not', async () => {
  const running = json(200, requestBody({ status: 'running' }), { 'retry-after': '3', etag: '"a"' });
  await using server = await scriptedServer(running, running, json(200, DONE_15));
  const clock = hastyClock();
  await connect(server.url, { clock }).wait('ID');
  assert.match(String(server.seen[0]?.headers.prefer), /^wait=\d+$/);
  assert.deepEqual(
    clock.pauses.map((ms) => ms >= 3_000),
    [true, true],
  );
});

test('without an end in the time given there is an UnfinishedError with the request as it is', async () => {
  await using server = await scriptedServer(json(200, requestBody({ status: 'running' })));
  await assert.rejects(connect(server.url).wait('ID', { timeoutMs: 5_000 }), (error: UnfinishedError) => {
    assert.ok(error instanceof UnfinishedError);
    assert.equal(error.request.status, 'running');
    return true;
  });
});

test('factor submits, waits and gives bigints', async () => {
  await using server = await scriptedServer(accept, json(200, DONE_15));
  const result = await connect(server.url).factor(15n);
  assert.deepEqual(result, {
    number: 15n,
    factors: [
      { prime: 3n, exponent: 1, certainty: 'proven' },
      { prime: 5n, exponent: 1, certainty: 'proven' },
    ],
    complete: true,
  });
});

test('factor of a number that failed says why', async () => {
  const failed = requestBody({
    status: 'failed',
    error: { code: 'job_broke_workers', reason: 'three workers died' },
  });
  await using server = await scriptedServer(accept, json(200, failed));
  await assert.rejects(connect(server.url).factor(15n), /it is failed: three workers died/);
});

test('factors that do not multiply to the number, or answer another number, are not believed', async () => {
  const { factors } = DONE_15;
  const wrong: RequestBody[] = [
    { ...DONE_15, number: '16' },
    { ...DONE_15, number: '9', factors: [{ prime: '3', exponent: 2_000_000_000, certainty: 'proven' }] },
    { ...DONE_15, factors: factors.map((factor) => ({ ...factor, certainty: 'composite' as const })) },
    { ...DONE_15, factors: factors.toReversed() },
    { ...DONE_15, factors: [{ prime: 'x', exponent: 1, certainty: 'proven' }] },
  ];
  for (const body of wrong) {
    await using server = await scriptedServer(json(200, body));
    await assert.rejects(connect(server.url).result('ID'), WrongAnswerError, JSON.stringify(body));
  }
  await using server = await scriptedServer(accept, json(200, DONE_15));
  await assert.rejects(connect(server.url).factor(21), /21 was submitted, but 15 was factored/);
  await using other = await scriptedServer(json(200, { hello: 'world' }));
  await assert.rejects(connect(other.url).submit(15), WrongAnswerError);
});

test('a cancellation whose answer was lost counts as made', async () => {
  const cancelled = requestBody({ status: 'cancelled' });
  await using server = await scriptedServer(resetMidBody, refuse(409, 'already_ended'), json(200, cancelled));
  assert.equal((await connect(server.url).cancel('ID')).status, 'cancelled');
  await using done = await scriptedServer(refuse(409, 'already_ended'), json(200, DONE_15));
  await assert.rejects(connect(done.url).cancel('ID'), { name: 'ProblemError', code: 'already_ended' });
});

test('a list is fetched page by page, as far as it is taken', async () => {
  await using server = await scriptedServer(page(['a', 'b'], 'p2'), page([], 'p3'), page(['c'], null));
  const ids: string[] = [];
  for await (const { request_id: id } of connect(server.url).list({ status: 'queued', callerId: 'acme' }))
    ids.push(id);
  assert.deepEqual(ids, ['a', 'b', 'c']);
  assert.equal(server.seen[1]?.path, '/requests?status=queued&caller_id=acme&cursor=p2');
});

test('a crowd of calls never has more exchanges under way than allowed, and all succeed', async () => {
  let open = 0;
  let most = 0;
  await using server = await scriptedServer((response, seen) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      accept(response, seen);
    }, 20);
  });
  // To stand in line takes longer than patience lasts by this clock, no exchange does.
  const clock = { ...hastyClock(), monotonicMs: () => server.seen.length * 100 };
  const client = connect(server.url, { clock, concurrency: 4, patienceMs: 10_000 });
  const submitted = await Promise.all(Array.from({ length: 300 }, (_, i) => client.submit(i + 1)));
  assert.equal(new Set(submitted.map((one) => one.request_id)).size, 300);
  assert.ok(most <= 4, `${most} at once`);
});

test('a crowd that waits makes room for one another, so that nobody waits for the slowest', async () => {
  await using server = await scriptedServer((response, seen) => {
    if (seen.path === '/requests/quick') json(200, DONE_15)(response, seen);
    else
      setTimeout(
        () => json(200, requestBody({ status: 'running' }))(response, seen),
        seen.headers.prefer === 'wait=0' ? 0 : 1_500,
      );
  });
  const abort = new AbortController();
  const client = createClient({ url: server.url, callerId: 'acme', concurrency: 2 });
  const slow = Array.from({ length: 40 }, (_, i) =>
    client.wait(`slow-${i}`, { signal: abort.signal }).catch(() => 'aborted'),
  );
  await client.wait('quick');
  // Of two places, each is held by one of those before it at a time, for as long as the service holds its answer.
  const held = server.seen.filter(({ headers }) => headers.prefer !== 'wait=0').length;
  abort.abort();
  assert.deepEqual(new Set(await Promise.all(slow)), new Set(['aborted']));
  assert.ok(held < 10, `${held} answers were held meanwhile`);
});

test('everything that the client loads exists in a browser: no module of Node, no package', () => {
  const loaded = new Set<string>();
  const visit = (url: URL): void => {
    if (loaded.has(url.href)) return;
    loaded.add(url.href);
    const source = readFileSync(url, 'utf8');
    for (const [, clause = '', specifier = ''] of source.matchAll(
      /^(?:import|export) ([^;]*?)from '([^']+)';/gms,
    )) {
      if (clause.startsWith('type ')) continue;
      assert.ok(specifier.startsWith('.'), `${url.pathname} imports ${specifier}`);
      visit(new URL(specifier, url));
    }
  };
  visit(new URL('./client.ts', import.meta.url));
  assert.ok(loaded.size > 10);
});
