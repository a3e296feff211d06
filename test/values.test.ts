/** Values at the HTTP interface of the real server: factored, kept, renewed, expired, found by their primes. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import {
  ask,
  askPatiently,
  assertProblem,
  cancel,
  ended,
  list,
  metric,
  postPatiently,
  read,
  type Reply,
} from './support/api.ts';
import { inTime } from './support/in-time.ts';
import { NumberSource, type Composite } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

/** A second more than is promised, on a busy machine. */
const ANSWER_MS_MAX = 3_000;

interface Batch {
  readonly batch_id: string;
  readonly done: number;
  readonly total: number;
}

function post(server: Server, body: string, query = ''): Promise<Reply> {
  return ask(server, `/values${query}`, { method: 'POST', body });
}

/** Has numbers kept, however long it takes. */
async function keep(server: Server, numbers: readonly bigint[], query = ''): Promise<void> {
  const reply = await postPatiently(server, `/values${query}`, `[${numbers.join(',')}]`);
  if (reply.status === 200) return;
  await whole(server, read<Batch>(reply, 202).batch_id);
}

/** The answer with all factors of numbers that take no time; asks again where it was held up. */
function keptAtOnce(server: Server, body: string, query = ''): Promise<string> {
  return until(`${body} kept`, async () => {
    const { status, text } = await postPatiently(server, `/values${query}`, body);
    return status !== 202 && (assert.equal(status, 200, text), text);
  });
}

/** The answer for a batch once all its numbers are done. */
function whole(server: Server, batchId: string): Promise<string> {
  return until(
    `batch ${batchId}`,
    async () => {
      const reply = await askPatiently(server, `/values/batches/${batchId}`, {
        headers: { prefer: 'wait=1' },
      });
      return reply.status === 202 ? false : (assert.equal(reply.status, 200, reply.text), reply.text);
    },
    240_000,
  );
}

async function valuesOf(server: Server, prime: bigint | number, query = ''): Promise<string> {
  const { status, text } = await askPatiently(server, `/values/${prime}${query}`);
  assert.equal(status, 200, text);
  return text;
}

/** Cancels the request that a batch has made for a number, and says which it was. */
async function cancelNumber(server: Server, number: bigint): Promise<string> {
  const { requests } = await list(server, { mode: 'values' });
  const request = requests.find((each) => each.number === String(number));
  assert(request, `There is no request for ${number}`);
  await cancel(server, request.request_id);
  await ended(server, request.request_id);
  return request.request_id;
}

test('144 and 120 are factored, kept, and found by 5', async () => {
  await using server = await Server.start();
  assert.equal(
    await keptAtOnce(server, '[144, 120]', '?ttl=3600'),
    '[{"value":144,"prime_factors":[2,2,2,2,3,3]},{"value":120,"prime_factors":[2,2,2,3,5]}]',
  );
  assert.equal(await valuesOf(server, 5), '[{"value":120,"prime_factors":[2,2,2,3,5]}]');
  assert.equal(
    await valuesOf(server, 3),
    '[{"value":120,"prime_factors":[2,2,2,3,5]},{"value":144,"prime_factors":[2,2,2,2,3,3]}]',
  );
  assert.equal(await valuesOf(server, 7), '[]');
  assertProblem(await ask(server, '/values/6'), 422, 'not_prime');
  assertProblem(await ask(server, '/values/1'), 422, 'not_prime');
  assertProblem(await ask(server, '/values/five'), 422, 'number_invalid');
});

test('what is wrong with a body, a number or a ttl is told, and nothing of it is kept', async () => {
  await using server = await Server.start();
  const refused: readonly (readonly [body: string, query: string, status: number, code: string])[] = [
    ['[5, 1.5]', '', 422, 'number_invalid'],
    ['[5, -1]', '', 422, 'number_out_of_range'],
    ['[5, 0]', '', 422, 'number_out_of_range'],
    ['[5, null]', '', 422, 'body_invalid'],
    ['[5, [5]]', '', 422, 'body_invalid'],
    ['{"value": 5}', '', 422, 'body_invalid'],
    ['[]', '', 422, 'batch_size_invalid'],
    ['[5', '', 400, 'json_invalid'],
    ['['.repeat(100_000), '', 400, 'json_invalid'],
    [`[5, ${'9'.repeat(1_100_000)}]`, '', 413, 'body_too_large'],
    ['[5]', '?ttl=0', 422, 'ttl_invalid'],
    ['[5]', '?ttl=1.5', 422, 'ttl_invalid'],
    ['[5]', '?ttl=soon', 422, 'ttl_invalid'],
    ['[5]', '?ttl=1&ttl=2', 422, 'ttl_invalid'],
    ['[5]', '?tll=1', 400, 'query_invalid'],
  ];
  for (const [body, query, status, code] of refused)
    assertProblem(await post(server, body, query), status, code);
  assert.equal(await valuesOf(server, 5), '[]');
});

test('a value goes when its time is over; the latest POST says when that is', async () => {
  await using server = await Server.start();
  await keep(server, [15n, 21n, 33n, 39n], '?ttl=8');
  await keep(server, [21n]);
  await keep(server, [33n], '?ttl=3600');
  assert.match(await valuesOf(server, 3), /"value":15.*"value":21.*"value":33.*"value":39/);
  await until('15 and 39 to expire', async () => {
    const text = await valuesOf(server, 3);
    return !text.includes('"value":15') && !text.includes('"value":39');
  });
  assert.match(await valuesOf(server, 3), /^\[\{"value":21,[^{]*\{"value":33,[^{]*\]$/);
  await keep(server, [21n], '?ttl=1');
  await until('21 to expire, which was kept for good before', async () => {
    return !(await valuesOf(server, 3)).includes('"value":21');
  });
  await keep(server, [15n]);
  assert.match(await valuesOf(server, 3), /^\[\{"value":15,[^{]*\{"value":33,/);
});

test('a value that was answered is there after a kill of the server, with its time', async () => {
  await using server = await Server.start();
  await keep(server, [15n], '?ttl=3600');
  await keep(server, [21n], '?ttl=1');
  await keptAtOnce(server, '[33]');
  await server.end('SIGKILL');
  await server.start();
  await until('21 to expire', async () => !(await valuesOf(server, 3)).includes('"value":21'));
  const kept = await valuesOf(server, 3);
  assert.equal(kept, '[{"value":15,"prime_factors":[3,5]},{"value":33,"prime_factors":[3,11]}]');
  await server.end('SIGTERM');
  await server.start();
  assert.equal(await valuesOf(server, 3), kept);
});

test('a batch with a hard number is accepted within two seconds, survives a kill, and is answered when it is done', async () => {
  await using server = await Server.start();
  const source = new NumberSource(4);
  const postHard = async (): Promise<{ readonly hard: Composite; readonly batchId: string } | undefined> => {
    const hard = source.semiprime(72);
    const reply = await postPatiently(server, '/values?ttl=36000', `[15, ${hard.number}, 21]`);
    const { batch_id: batchId, done, total } = read<Batch>(reply, 202);
    assert.equal(total, 3);
    assert.equal(reply.headers.get('location'), `/values/batches/${batchId}`);
    if (done === 2) return { hard, batchId };
    await cancelNumber(server, hard.number);
    return undefined;
  };
  const {
    hard: { number, primes },
    batchId,
  } = await inTime(ANSWER_MS_MAX, postHard, (late) => cancelNumber(server, late.hard.number));
  assert.match(await valuesOf(server, 3), /"value":15.*"value":21/);
  await server.end('SIGKILL');
  await server.start();
  const hard = `{"value":${number},"prime_factors":[${primes.join(',')}]}`;
  assert.equal(
    await whole(server, batchId),
    `[{"value":15,"prime_factors":[3,5]},${hard},{"value":21,"prime_factors":[3,7]}]`,
  );
  assert.equal(await valuesOf(server, primes[0] ?? 0n), `[${hard}]`);
  // What is kept need not be factored again.
  assert.equal(await keptAtOnce(server, `[${number}]`), `[${hard}]`);
});

test('a batch names the request that ended without its factors', async () => {
  await using server = await Server.start();
  const { number } = new NumberSource(5).semiprime(90);
  const reply = await postPatiently(server, '/values', `[15, ${number}]`, { prefer: 'respond-async' });
  const { batch_id: batchId } = read<Batch>(reply, 202);
  const requestId = await cancelNumber(server, number);
  const problem = assertProblem(await ask(server, `/values/batches/${batchId}`), 409, 'batch_incomplete');
  assert.equal(problem.errors?.[0]?.pointer, '#/1');
  assert.match(problem.errors?.[0]?.detail ?? '', new RegExp(`cancelled.*${requestId}`));
});

test('a client that hangs up leaves no work behind', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_WAIT_MS_MAX: '60000' } });
  const source = new NumberSource(6);
  const body = `[${source
    .semiprimes(200, 90)
    .map(({ number }) => String(number))
    .join(',')}]`;
  const head = `POST /values HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  const sockets = Array.from({ length: 10 }, (): Socket => connect(server.port, '127.0.0.1'));
  for (const socket of sockets) socket.write(head + body);
  await until(
    'their numbers to be worked on',
    async () => (await metric(server, 'fairsieve_guests')) === 2_000,
  );
  for (const socket of sockets) socket.destroy();
  await until('all to be given up', async () => (await metric(server, 'fairsieve_guests')) === 0);
  assert.equal(await metric(server, 'fairsieve_requests_waiting'), 0);
  await keptAtOnce(server, '[15]');
});

test('a hundred thousand values of one prime are answered, in order, and slow readers do not fill the memory', async () => {
  await using server = await Server.start();
  // Long answers for little work.
  const unit = 10_007n * 2n ** 60n;
  const count = 100_000;
  const size = 10_000;
  for (let first = 0; first < count; first += size)
    await keep(
      server,
      Array.from({ length: size }, (_, i) => unit * BigInt(first + i + 1)),
    );
  const values = (await valuesOf(server, 10_007)).matchAll(/"value":(\d+)/g);
  let next = 1n;
  for (const [, value] of values) assert.equal(value, String(unit * next++));
  assert.equal(next - 1n, BigInt(count));

  const before = server.residentBytes;
  const readers = Array.from({ length: 30 }, (): Socket => {
    const socket = connect(server.port, '127.0.0.1').pause();
    socket.write('GET /values/10007 HTTP/1.1\r\nhost: x\r\n\r\n');
    return socket;
  });
  let answered = 0;
  for (let i = 0; i < 20; i++) {
    await valuesOf(server, 10_007, '?limit=1000');
    answered++;
  }
  const grown = server.residentBytes - before;
  for (const reader of readers) reader.destroy();
  assert.equal(answered, 20);
  assert.ok(
    grown < 300 * 2 ** 20,
    `memory grew by ${Math.round(grown / 2 ** 20)} MiB: all at once would take 30 times 20 MB`,
  );
  const page = await ask(server, `/values/10007?limit=3&after=${unit * 5n}`);
  assert.match(page.text, new RegExp(`^\\[\\{"value":${unit * 6n},`));
  assert.match(page.headers.get('link') ?? '', new RegExp(`after=${unit * 8n}.*rel="next"`));
});
