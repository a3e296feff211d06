import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient, ProblemError, WrongAnswerError, type Client, type Value } from './client.ts';
import { refuse, scriptedServer, type ScriptedServer, type Step } from './scripted-server.ts';

const BIG = 2n ** 127n - 1n;
/** Its digits would pass for a long integer outside a string. */
const BATCH_ID = '0380000000000000000000000000-2';

function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Step {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}

function clientOf(server: ScriptedServer): Client {
  return createClient({ url: server.url, callerId: 'acme', patienceMs: 60_000 });
}

async function all(values: AsyncIterable<Value>): Promise<bigint[]> {
  const seen: bigint[] = [];
  for await (const { value } of values) seen.push(value);
  return seen;
}

test('numbers of any size are kept and come back exact', async () => {
  const body = `[{"value":144,"prime_factors":[2,2,2,2,3,3]},{"value":${BIG * 3n},"prime_factors":[3,${BIG}]}]`;
  await using server = await scriptedServer(text(200, body));
  assert.deepEqual(await clientOf(server).keep([144, BIG * 3n], { ttlSeconds: 60 }), [
    { value: 144n, primeFactors: [2n, 2n, 2n, 2n, 3n, 3n] },
    { value: BIG * 3n, primeFactors: [3n, BIG] },
  ]);
  const [seen] = server.seen;
  assert.deepEqual([seen?.path, seen?.body], ['/values?ttl=60', `["144","${BIG * 3n}"]`]);
  assert.equal(seen?.headers['x-caller-id'], 'acme');
});

test('a batch that takes longer is asked for until it is whole, over passing failures', async () => {
  const unfinished = text(202, `{"batch_id":"${BATCH_ID}","done":1,"total":2}`);
  const done = text(200, '[{"value":15,"prime_factors":[3,5]},{"value":1,"prime_factors":[]}]');
  await using server = await scriptedServer(unfinished, unfinished, refuse(503, 'stopping'), done);
  const kept = await clientOf(server).keep(['15', 1]);
  assert.deepEqual(
    kept.map(({ value }) => value),
    [15n, 1n],
  );
  assert.deepEqual(
    server.seen.map(({ path }) => path),
    ['/values', ...Array.from({ length: 3 }, () => `/values/batches/${BATCH_ID}`)],
  );
});

test('values of a prime are fetched page by page', async () => {
  const page = (value: number): string => `[{"value":${value},"prime_factors":[5,${value / 5}]}]`;
  await using server = await scriptedServer(
    text(200, page(25), { link: '</values/5?limit=1000&after=25>; rel="next"' }),
    text(200, page(35)),
  );
  assert.deepEqual(await all(clientOf(server).valuesOf(5)), [25n, 35n]);
  assert.deepEqual(
    server.seen.map(({ path }) => path),
    ['/values/5?caller_id=acme&limit=1000', '/values/5?caller_id=acme&limit=1000&after=25'],
  );
});

for (const [what, body] of [
  ['factors that do not multiply to the value', '[{"value":15,"prime_factors":[3,7]}]'],
  ['another number', '[{"value":21,"prime_factors":[3,7]}]'],
  ['too few values', '[]'],
  ['factors out of order', '[{"value":15,"prime_factors":[5,3]}]'],
  ['a fraction', '[{"value":15.5,"prime_factors":[3,5]}]'],
  ['something else', '{"hello":"world"}'],
] as const) {
  test(`an answer with ${what} is not believed`, async () => {
    await using server = await scriptedServer(text(200, body));
    await assert.rejects(clientOf(server).keep([15]), WrongAnswerError);
  });
}

test('a refusal says why', async () => {
  await using server = await scriptedServer(refuse(422, 'not_prime'));
  await assert.rejects(all(clientOf(server).valuesOf(4)), (error) => {
    assert.ok(error instanceof ProblemError);
    assert.equal(error.code, 'not_prime');
    return true;
  });
});
