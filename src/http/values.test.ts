import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Factor } from '../domain/factorization.ts';
import type { Value } from '../service/service.ts';
import { problemOf, TestServer, until } from './test-server.ts';

const BIG = 2n ** 127n - 1n;
const BATCH_ID = '0123456789ABCDEFGHJKMNPQRS01-2';

function value(number: bigint, ...primes: (readonly [bigint, number])[]): Value {
  const factors = primes.map(([prime, exponent]): Factor => ({ prime, exponent, certainty: 'proven' }));
  return { number: String(number), factors };
}

function probable(factor: Factor): Factor {
  return { ...factor, certainty: 'probable' };
}

/** Multiples of 5, ascending. */
function fives(count: number): Value[] {
  return Array.from({ length: count }, (_, i) => value(BigInt(5 * (i + 1)), [5n, 1], [BigInt(i + 1), 1]));
}

function post(server: TestServer, body: unknown, query = '', headers: Record<string, string> = {}) {
  return server.post(`/values${query}`, body, headers);
}

describe('POST /values', () => {
  it('answers with the values in the order asked, integers of any size exact', async () => {
    await using server = await TestServer.start();
    server.service.postResult = {
      kind: 'values',
      values: [value(144n, [2n, 4], [3n, 2]), value(1n), value(BIG * 3n, [3n, 1], [BIG, 1])],
    };
    const response = await post(server, `[144, 1, ${BIG * 3n}]`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
    assert.equal(
      await response.text(),
      `[{"value":144,"prime_factors":[2,2,2,2,3,3]},{"value":1,"prime_factors":[]},{"value":${BIG * 3n},"prime_factors":[3,${BIG}]}]`,
    );
    assert.deepEqual(server.service.posted[0]?.numbers, [144n, 1n, BIG * 3n]);
  });

  it('takes integers, decimal strings and expressions; caller and ttl may be given', async () => {
    await using server = await TestServer.start();
    await post(server, '[144, "144", "2^7+16", 144]', '?ttl=60&caller_id=globex');
    await post(server, '[7]');
    const [first, second] = server.service.posted;
    assert.deepEqual(first?.numbers, [144n, 144n, 144n, 144n]);
    assert.deepEqual([first?.callerId, first?.ttlMs], ['globex', 60_000]);
    assert.deepEqual([second?.callerId, second?.ttlMs], ['anonymous', undefined]);
  });

  it('waits as long as it may, or as the client prefers', async () => {
    await using server = await TestServer.start({ waitMsMax: 1_500 });
    for (const prefer of ['', 'wait=1', 'wait=60', 'respond-async', 'wait=0'])
      await post(server, '[7]', '', prefer === '' ? {} : { prefer });
    const waits = server.service.posted.map(({ waitMs }) => Math.ceil(waitMs / 500) * 500);
    assert.deepEqual(waits, [1_500, 1_000, 1_500, 0, 0]);
  });

  it('says where to look for what takes longer', async () => {
    await using server = await TestServer.start();
    server.service.postResult = { kind: 'unfinished', batchId: BATCH_ID, done: 1, total: 2 };
    const response = await post(server, '[7, 8]', '', { prefer: 'respond-async' });
    assert.equal(response.status, 202);
    assert.deepEqual(await response.json(), { batch_id: BATCH_ID, done: 1, total: 2 });
    const headers = ['location', 'retry-after', 'preference-applied'].map((name) =>
      response.headers.get(name),
    );
    assert.deepEqual(headers, [`/values/batches/${BATCH_ID}`, '1', 'respond-async']);
  });

  it('refuses what the service refuses, and tells of quotas', async () => {
    await using server = await TestServer.start();
    const quotas = [{ name: 'waiting', limit: 5, remaining: 2 }] as const;
    server.service.postResult = { kind: 'values', values: [], quotas };
    assert.equal((await post(server, '[7]')).headers.get('ratelimit'), '"waiting";r=2');
    server.service.postResult = {
      kind: 'quota_exceeded',
      name: 'waiting',
      limit: 5,
      quotas,
      retryAfterMs: 2_000,
    };
    const over = await post(server, '[7]');
    assert.deepEqual([over.status, over.headers.get('retry-after')], [429, '2']);
    server.service.postResult = { kind: 'unavailable', code: 'store_full', retryAfterMs: 2_000 };
    const full = await post(server, '[7]');
    assert.deepEqual([full.status, (await problemOf(full)).code], [503, 'store_full']);
    server.service.postResult = { kind: 'conflict' };
    assert.equal((await problemOf(await post(server, '[7]'))).code, 'idempotency_conflict');
  });

  it('takes the time to live into what an idempotency key stands for', async () => {
    await using server = await TestServer.start();
    for (const query of ['', '?ttl=1', '?ttl=2', '?ttl=2'])
      await post(server, '[7]', query, { 'idempotency-key': 'k' });
    const fingerprints = server.service.posted.map(({ idempotency }) => idempotency?.fingerprint);
    assert.equal(new Set(fingerprints).size, 3);
  });

  it('refuses two times to live with 422', async () => {
    await using server = await TestServer.start();
    const problem = await problemOf(await post(server, '[7]', '?ttl=1&ttl=2'));
    assert.equal(problem.code, 'ttl_invalid');
    assert.match(problem.detail, /ttl must have one value: it has "1" and "2"/);
  });

  for (const ttl of ['0', '-1', '1.5', 'x', '', '1e3', '315360001', '9007199254740993']) {
    it(`refuses ttl=${ttl} with 422 and says what may stand there`, async () => {
      await using server = await TestServer.start();
      const problem = await problemOf(await post(server, '[7]', `?ttl=${ttl}`));
      assert.deepEqual([problem.status, problem.code], [422, 'ttl_invalid']);
      assert.match(
        problem.detail,
        /^The query parameter ttl must be a whole number from 1 to 315360000: it is "?/,
      );
      assert.ok(problem.detail.replaceAll('"', '').endsWith(` it is ${ttl}`), problem.detail);
      assert.equal(server.service.posted.length, 0);
    });
  }

  const ITEMS: readonly (readonly [body: string, code: string, pointer: string, detail: RegExp])[] = [
    ['[5, 1.5]', 'number_invalid', '#/1', /item 1: .*not an integer/],
    ['[1e5]', 'number_invalid', '#/0', /item 0: .*10\^5/],
    ['[5, 5, -3]', 'number_out_of_range', '#/2', /item 2: .*it is -3, at least 1/],
    ['[0]', 'number_out_of_range', '#/0', /at least 1/],
    ['[5, null]', 'body_invalid', '#/1', /^item 1 must be an integer or a string: it is null/],
    ['[[5]]', 'body_invalid', '#/0', /^item 0 must be .* an array/],
    ['[5, {}]', 'body_invalid', '#/1', /^item 1 must be .* an object/],
    ['[true]', 'body_invalid', '#/0', /^item 0 .* true/],
    ['["x"]', 'number_invalid', '#/0', /item 0/],
    [`[${'7'.repeat(1001)}]`, 'number_out_of_range', '#/0', /1001 digits, at most 1000/],
    ['[]', 'batch_size_invalid', '#', /0 items, at least 1/],
    [`[${'7,'.repeat(10_000)}7]`, 'batch_size_invalid', '#', /10001 items, at most 10000/],
  ];
  for (const [body, code, pointer, detail] of ITEMS) {
    it(`refuses ${body.slice(0, 20)} with 422 and says which item is at fault`, async () => {
      await using server = await TestServer.start();
      const problem = await problemOf(await post(server, body));
      assert.deepEqual([problem.status, problem.code, problem.errors?.[0]?.pointer], [422, code, pointer]);
      assert.match(problem.detail, detail);
    });
  }

  for (const [body, status] of [
    ['{"numbers":[5]}', 422],
    ['5', 422],
    ['null', 422],
    ['', 422],
    ['[5', 400],
    ['[NaN]', 400],
    ['[05]', 400],
  ] as const) {
    it(`refuses the body ${JSON.stringify(body)} with ${status}`, async () => {
      await using server = await TestServer.start();
      assert.equal((await problemOf(await post(server, body))).status, status);
    });
  }
});

describe('GET /values/batches/{id}', () => {
  it('answers with the values, or how far they are', async () => {
    await using server = await TestServer.start();
    server.service.batchResult = { kind: 'unfinished', batchId: BATCH_ID, done: 1, total: 2 };
    const waiting = await server.fetch(`/values/batches/${BATCH_ID}`, { headers: { prefer: 'wait=1' } });
    assert.deepEqual([waiting.status, waiting.headers.get('preference-applied')], [202, 'wait=1']);
    assert.deepEqual(await waiting.json(), { batch_id: BATCH_ID, done: 1, total: 2 });
    server.service.batchResult = { kind: 'values', values: [value(15n, [3n, 1], [5n, 1])] };
    const done = await server.fetch(`/values/batches/${BATCH_ID}`);
    assert.equal(await done.text(), '[{"value":15,"prime_factors":[3,5]}]');
  });

  it('names the requests that ended without all their factors', async () => {
    await using server = await TestServer.start();
    const ended = new Map([[3, { requestId: 'ID', number: '77', status: 'partial' as const }]]);
    server.service.batchResult = { kind: 'incomplete', total: 5, ended };
    const problem = await problemOf(await server.fetch(`/values/batches/${BATCH_ID}`));
    assert.deepEqual([problem.status, problem.code], [409, 'batch_incomplete']);
    assert.deepEqual(problem.errors, [
      { pointer: '#/3', code: 'batch_incomplete', detail: '77 is partial, as request ID' },
    ]);
  });

  it('is 404 for one that is not known', async () => {
    await using server = await TestServer.start();
    const problem = await problemOf(await server.fetch(`/values/batches/${BATCH_ID}`));
    assert.deepEqual([problem.status, problem.code], [404, 'batch_not_found']);
  });
});

describe('GET /values/{prime}', () => {
  it('answers with all values, ascending, however many pages they take', async () => {
    await using server = await TestServer.start();
    for (const count of [0, 1, 1_000, 1_001, 3_456]) {
      server.service.values = fives(count);
      const response = await server.fetch('/values/5');
      assert.equal(response.status, 200);
      const all = (await response.json()) as { value: number; prime_factors: number[] }[];
      assert.deepEqual(
        all.map((each) => each.value),
        Array.from({ length: count }, (_, i) => 5 * (i + 1)),
      );
    }
  });

  it('writes integers of any size exactly, powers in full, and says nothing of how sure a prime is', async () => {
    await using server = await TestServer.start();
    const large = value(BIG * 250n, [2n, 1], [5n, 3], [BIG, 1]);
    server.service.values = [value(25n, [5n, 2]), { ...large, factors: large.factors.map(probable) }];
    assert.equal(
      await (await server.fetch('/values/5')).text(),
      `[{"value":25,"prime_factors":[5,5]},{"value":${BIG * 250n},"prime_factors":[2,5,5,5,${BIG}]}]`,
    );
  });

  it('gives pages where they are asked for, each with a link to the next', async () => {
    await using server = await TestServer.start();
    server.service.values = fives(5);
    const seen: number[] = [];
    let path: string | undefined = '/values/5?limit=2&caller_id=acme';
    let pages = 0;
    for (; path !== undefined; pages++) {
      const response: Response = await server.fetch(path);
      seen.push(...((await response.json()) as { value: number }[]).map((each) => each.value));
      path = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
    }
    assert.deepEqual([seen, pages], [[5, 10, 15, 20, 25], 3]);
    assert.equal(server.service.valueQueries.at(-1)?.callerId, 'acme');
  });

  const PATHS: readonly (readonly [path: string, status: number, code: string, detail: RegExp])[] = [
    ['0', 422, 'number_out_of_range', /it is 0/],
    ['-5', 422, 'number_out_of_range', /-5/],
    ['5.0', 422, 'number_invalid', /not an integer/],
    ['x', 422, 'number_invalid', /"x"/],
    ['%20', 422, 'number_invalid', /empty/],
    ['7'.repeat(1_001), 422, 'number_out_of_range', /1001 digits/],
    ['5?limit=0', 400, 'query_invalid', /limit must be a whole number from 1 to 1000: it is 0/],
    ['5?limit=1001', 400, 'query_invalid', /limit must be a whole number from 1 to 1000: it is 1001/],
    ['5?after=x', 400, 'query_invalid', /after/],
    ['5?page=2', 400, 'query_invalid', /unknown.*"page"/],
    ['5?strict=yes', 400, 'query_invalid', /strict must be one of true, false/],
  ];
  for (const [path, status, code, detail] of PATHS) {
    it(`refuses ${path.slice(0, 20)} with ${status} ${code}`, async () => {
      await using server = await TestServer.start();
      const problem = await problemOf(await server.fetch(`/values/${path}`));
      assert.deepEqual([problem.status, problem.code], [status, code]);
      assert.match(problem.detail, detail);
    });
  }

  it('refuses what is not prime with 422, and takes primes of a thousand digits', async () => {
    await using server = await TestServer.start();
    assert.equal((await server.fetch(`/values/${10n ** 999n + 7n}`)).status, 200);
    server.service.valuesRefusal = { kind: 'not_prime' };
    const problem = await problemOf(await server.fetch('/values/4'));
    assert.deepEqual([problem.status, problem.code, problem.detail], [422, 'not_prime', '4 is not prime']);
    server.service.valuesRefusal = { kind: 'unavailable', code: 'overloaded', retryAfterMs: 1_000 };
    const undecided = await server.fetch(`/values/${BIG}`);
    assert.deepEqual([undecided.status, undecided.headers.get('retry-after')], [503, '1']);
    assert.match((await problemOf(undecided)).detail, /whether the number is prime/);
  });

  it('says in a header which replicas were heard, and with strict refuses a gap', async () => {
    await using server = await TestServer.start();
    server.service.values = fives(2);
    assert.equal((await server.fetch('/values/5')).headers.get('replicas'), null);
    server.service.replicas = { expected: 4, answered: 4, missing: [] };
    assert.equal(
      (await server.fetch('/values/5?strict=true')).headers.get('replicas'),
      'expected=4, answered=4',
    );
    server.service.replicas = { expected: 4, answered: 2, missing: ['a "b"', 'ü'] };
    const gap = await server.fetch('/values/5');
    assert.equal(gap.headers.get('replicas'), String.raw`expected=4, answered=2, missing=("a \"b\"" "?")`);
    const refused = await server.fetch('/values/5?strict=true');
    assert.deepEqual([refused.status, (await problemOf(refused)).code], [503, 'replicas_missing']);
  });

  it('gives the place of one whose gap is refused to others, however many pages there would have been', async () => {
    await using server = await TestServer.start({ waitersMax: 1 });
    server.service.values = fives(3_000);
    server.service.replicas = { expected: 2, answered: 1, missing: ['b'] };
    for (let i = 0; i < 3; i++) {
      const problem = await problemOf(await server.fetch('/values/5?strict=true'));
      assert.equal(problem.code, 'replicas_missing');
    }
    for (let i = 0; i < 3; i++) {
      const response = await server.fetch('/values/5');
      assert.equal(response.status, 200);
      await response.text();
    }
  });

  it('breaks off where a replica goes away in the middle: a short answer would pass for a whole one', async () => {
    await using server = await TestServer.start();
    server.service.values = fives(5_000);
    server.service.replicas = { expected: 2, answered: 2, missing: [] };
    server.service.replicasLater = { expected: 2, answered: 1, missing: ['b'] };
    const response = await server.fetch('/values/5');
    assert.equal(response.status, 200);
    await assert.rejects(response.text());
  });

  it('reads no further than its client does, and stops when that has gone', async () => {
    await using server = await TestServer.start();
    server.service.values = fives(1_000_000);
    const socket = server.connect().pause();
    socket.write('GET /values/5 HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => server.service.valueQueries.length > 1);
    let pages = 0;
    await until(() => {
      const before = pages;
      pages = server.service.valueQueries.length;
      return pages === before;
    });
    assert.ok(pages < 500, `${pages} of 1,000 pages were read`);
    socket.destroy();
    await until(async () => (await server.connections) === 0);
    assert.ok(server.service.valueQueries.length <= pages + 2);
  });

  it('answers HEAD without reading everything', async () => {
    await using server = await TestServer.start();
    server.service.values = fives(5_000);
    const response = await server.fetch('/values/5', { method: 'HEAD' });
    assert.deepEqual([response.status, await response.text()], [200, '']);
    assert.equal(server.service.valueQueries.length, 1);
  });
});

describe('GET /requests over several replicas', () => {
  it('says who was heard, and with strict refuses a gap', async () => {
    await using server = await TestServer.start();
    const page = async () => (await (await server.fetch('/requests')).json()) as { replicas: unknown };
    assert.equal((await page()).replicas, null);
    const replicas = { expected: 3, answered: 2, missing: ['c'] };
    server.service.replicas = replicas;
    assert.deepEqual((await page()).replicas, replicas);
    const problem = await problemOf(await server.fetch('/requests?strict=true'));
    assert.deepEqual([problem.status, problem.code], [503, 'replicas_missing']);
  });
});
