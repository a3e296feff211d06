/** Callbacks to receivers that are down, broken, slow or strange, each a real one over sockets. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { list, look } from './support/api.ts';
import {
  attempted,
  attemptsOf,
  CALLBACK_ENV,
  deliveryEvents,
  outcomesOf,
  redeliver,
  settled,
  submitAsync,
} from './support/callbacks.ts';
import { answer, drip, hang, inTurn, Receiver, reset, type Behaviour } from './support/receiver.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const MIB = 2 ** 20;
/** What `CALLBACK_ENV` says. */
const ATTEMPTS = 3;
const DELAY_MS = 1_000;
const JITTER = 0.2;
const ATTEMPT_MS_MAX = 15_000;

/** Endlessly many bytes of a body, as fast as they are taken; `sent` counts them. */
function flood(sent: { bytes: number; closed: boolean }): Behaviour {
  const piece = Buffer.alloc(MIB, 'x');
  return (response) => {
    response.writeHead(200, { 'content-length': String(1_024 * MIB) });
    const more = (): void => {
      if (response.destroyed) return;
      sent.bytes += piece.length;
      if (response.write(piece)) setImmediate(more);
    };
    response.on('drain', more).on('close', () => (sent.closed = true));
    more();
  };
}

describe('callbacks to bad receivers', { concurrency: true }, () => {
  let server: Server;
  before(async () => {
    server = await Server.start({ env: CALLBACK_ENV });
  });
  after(() => server[Symbol.asyncDispose]());

  /** Has 91 factored and told to `receiver`. */
  const submit = (receiver: Receiver, caller = 'acme'): Promise<string> =>
    submitAsync(server, 91n, receiver.url(), caller);

  test('a receiver that is down is called again until it is up', async () => {
    // So many attempts that there are some left when it is up, however late that is.
    await using own = await Server.start({
      env: { ...CALLBACK_ENV, FAIRSIEVE_CALLBACK_RETRIES: Array.from({ length: 9 }, () => '1s').join(',') },
    });
    const down = await Receiver.start();
    const { port } = down;
    const url = down.url();
    await settled(own, await submitAsync(own, 91n, url, 'acme'), 'delivered');
    await down[Symbol.asyncDispose]();
    const missed = await submitAsync(own, 91n, url, 'acme');
    const waiting = await attempted(own, missed, 1);
    assert.equal(waiting.delivery, 'pending');
    assert.ok(Date.parse(waiting.next_attempt_at!) > Date.parse(waiting.finished_at!));
    await using up = await Receiver.start(answer(204), { port });
    const request = await settled(own, missed, 'delivered');
    assert.equal(outcomesOf(request)[0], 'connect');
    assert.match(attemptsOf(request)[0]!.error!, /no connection \(ECONNREFUSED\)/);
    assert.equal(up.calls.length, 1);
  });

  const FAILURES: readonly (readonly [name: string, Behaviour, outcome: number | string])[] = [
    ['answers 500', answer(500), 500],
    ['answers 503 without a wish', answer(503), 503],
    ['answers 404', answer(404), 404],
    ['resets the connection', reset, 'reset'],
    ['hangs up without a word', ({ socket }) => socket?.end(), 'reset'],
    ['speaks no HTTP', ({ socket }) => socket?.end('220 mail.example.com ESMTP\r\n'), 'protocol'],
  ];
  for (const [name, behaviour, outcome] of FAILURES) {
    test(`a receiver that ${name} and then recovers gets the same callback again, not before its time`, async () => {
      await using receiver = await Receiver.start(inTurn(behaviour, answer(200)));
      const request = await settled(server, await submit(receiver), 'delivered');
      assert.deepEqual(outcomesOf(request), [outcome, 200]);
      assert.deepEqual(deliveryEvents(request), ['attempted', 'attempted', 'delivered']);
      const [first, second] = receiver.calls;
      assert.deepEqual(second!.body, first!.body);
      assert.equal(second!.headers['webhook-id'], first!.headers['webhook-id']);
      assert.ok(second!.atMs - first!.atMs >= DELAY_MS * (1 - JITTER));
      const [failed] = attemptsOf(request);
      const waitMs = Date.parse(failed!.next_at!) - Date.parse(failed!.at) - failed!.duration_ms;
      assert.ok(
        waitMs > DELAY_MS * (1 - JITTER) - 5 && waitMs < DELAY_MS * (1 + JITTER) + 1_000,
        `${waitMs}`,
      );
    });
  }

  const STALLS: readonly (readonly [name: string, Behaviour])[] = [
    ['takes the callback and never answers', hang],
    ['sends a byte a second of a header without an end', drip('HTTP/1.1 200 OK\r\nx-slow: 1', 1_000)],
  ];
  for (const [name, behaviour] of STALLS) {
    test(`a receiver that ${name} is cut off after 15 s and called again`, async () => {
      await using receiver = await Receiver.start(inTurn(behaviour, answer(200)));
      const request = await settled(server, await submit(receiver), 'delivered', 60_000);
      assert.deepEqual(outcomesOf(request), ['timeout', 200]);
      const [cutOff] = attemptsOf(request);
      assert.ok(cutOff!.duration_ms >= ATTEMPT_MS_MAX - 10 && cutOff!.duration_ms < ATTEMPT_MS_MAX + 5_000);
    });
  }

  test('the status is enough: nobody waits for a body that comes by a byte a second', async () => {
    const slowBody: Behaviour = (response, call) => {
      response.writeHead(200, { 'content-length': '1000' }).flushHeaders();
      drip('x', 1_000)(response, call);
    };
    await using receiver = await Receiver.start(slowBody);
    const request = await settled(server, await submit(receiver), 'delivered');
    assert.deepEqual(outcomesOf(request), [200]);
    assert.ok(attemptsOf(request)[0]!.duration_ms < ATTEMPT_MS_MAX / 2);
  });

  test('a body of a GiB is not taken: the connection ends, and memory does not grow by it', async () => {
    const sent = { bytes: 0, closed: false };
    await using receiver = await Receiver.start(flood(sent));
    const beforeBytes = process.platform === 'linux' ? server.residentBytes : 0;
    const request = await settled(server, await submit(receiver), 'delivered');
    assert.deepEqual(outcomesOf(request), [200]);
    const grownBytes = process.platform === 'linux' ? server.residentBytes - beforeBytes : 0;
    await until('the connection being ended', () => sent.closed);
    // What is in buffers on the way was never asked for.
    assert.ok(sent.bytes < 64 * MIB, `${sent.bytes / MIB} MiB were taken`);
    assert.ok(grownBytes < 256 * MIB, `memory grew by ${grownBytes / MIB} MiB`);
  });

  for (const status of [429, 503]) {
    test(`after ${status} with Retry-After nobody calls earlier than asked`, async () => {
      const askedMs = 3_000;
      const retryAfter = { 'retry-after': String(askedMs / 1_000) };
      await using receiver = await Receiver.start(inTurn(answer(status, retryAfter), answer(200)));
      const request = await settled(server, await submit(receiver), 'delivered');
      assert.deepEqual(outcomesOf(request), [status, 200]);
      const [first, second] = receiver.calls;
      assert.ok(second!.atMs - first!.atMs >= askedMs, `${second!.atMs - first!.atMs} ms`);
    });
  }

  test('410 ends it: nothing more of that caller goes to that URL until it asks for it, also after a restart', async () => {
    await using own = await Server.start({ env: CALLBACK_ENV });
    await using receiver = await Receiver.start(answer(410));
    const to = (path: string, caller: string): Promise<string> =>
      submitAsync(own, 91n, receiver.url(path), caller);
    const first = await settled(own, await to('/gone', 'acme'), 'dead');
    assert.deepEqual(outcomesOf(first), [410]);
    assert.match(JSON.stringify(first.timeline.at(-1)), /"dead".*the endpoint is gone: it answered 410/);
    receiver.behave(answer(204));
    const second = await settled(own, await to('/gone', 'acme'), 'dead');
    assert.deepEqual(deliveryEvents(second), ['dead']);
    assert.equal((await own.end('SIGTERM')).code, 0);
    await own.start();
    const third = await settled(own, await to('/gone', 'acme'), 'dead');
    assert.deepEqual(deliveryEvents(third), ['dead']);
    assert.equal(receiver.calls.length, 1);
    // Neither another caller's nor another URL.
    await settled(own, await to('/gone', 'globex'), 'delivered');
    await settled(own, await to('/here', 'acme'), 'delivered');
    await redeliver(own, third.request_id);
    await settled(own, third.request_id, 'delivered');
    await settled(own, await to('/gone', 'acme'), 'delivered');
    assert.equal((await look(own, first.request_id)).delivery, 'dead');
  });

  test('after the last attempt a callback is dead, can be found, and is sent again when asked for', async () => {
    await using receiver = await Receiver.start(answer(500));
    const requestId = await submit(receiver, 'unlucky');
    const request = await settled(server, requestId, 'dead');
    assert.deepEqual(outcomesOf(request), [500, 500, 500]);
    assert.equal(receiver.calls.length, ATTEMPTS);
    assert.deepEqual(deliveryEvents(request), ['attempted', 'attempted', 'attempted', 'dead']);
    assert.match(JSON.stringify(request.timeline.at(-1)), /no attempt is left/);
    assert.equal(request.next_attempt_at, null);
    const dead = await list(server, { delivery: 'dead', caller_id: 'unlucky' });
    assert.deepEqual(
      dead.requests.map((each) => each.request_id),
      [requestId],
    );
    receiver.behave(answer(200));
    const revived = await redeliver(server, requestId);
    assert.equal(revived.delivery, 'pending');
    const delivered = await settled(server, requestId, 'delivered');
    assert.deepEqual(deliveryEvents(delivered).slice(ATTEMPTS + 1), ['redelivery', 'attempted', 'delivered']);
    assert.equal(new Set(receiver.calls.map(({ headers }) => headers['webhook-id'])).size, 1);
    assert.deepEqual((await list(server, { delivery: 'dead', caller_id: 'unlucky' })).requests, []);
  });

  test('a redelivery that fails has a full set of attempts again', async () => {
    await using receiver = await Receiver.start(
      inTurn(answer(500), answer(500), answer(500), answer(502), answer(200)),
    );
    const requestId = await submit(receiver, 'stubborn');
    await settled(server, requestId, 'dead');
    await redeliver(server, requestId);
    assert.deepEqual(outcomesOf(await settled(server, requestId, 'delivered')), [500, 500, 500, 502, 200]);
  });
});
