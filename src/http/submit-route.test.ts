import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Accepted, AcceptedBatch } from '../contract/submission.ts';
import { problemOf, TestServer } from './test-server.ts';

/** How much CPU time the longest turn of the event loop takes, in ms: what the machine does meanwhile does not count. */
function longestTurn(): { stop(): number } {
  let longest = 0;
  let isOver = false;
  let before = process.threadCpuUsage();
  const look = (): void => {
    const now = process.threadCpuUsage();
    longest = Math.max(longest, now.user + now.system - before.user - before.system);
    before = now;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  return {
    stop() {
      isOver = true;
      look();
      return longest / 1_000;
    },
  };
}

describe('POST /requests', () => {
  it('takes a number, and answers 202 with what the client needs to go on', async () => {
    await using server = await TestServer.start();
    const response = await server.submit('{"number": 100000000000000000050700000000000000004563}');
    assert.equal(response.status, 202);
    const body = (await response.json()) as Accepted;
    assert.deepEqual(body, {
      request_id: '0000000000000000000000000001',
      status: 'queued',
      number: '100000000000000000050700000000000000004563',
      position: null,
      expected_ms: null,
    });
    assert.equal(response.headers.get('location'), `/requests/${body.request_id}`);
    assert.equal(response.headers.get('retry-after'), '1');
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
    assert.deepEqual(server.service.accepted, [
      { callerId: 'acme', mode: 'queued', numbers: [100000000000000000050700000000000000004563n] },
    ]);
  });

  it('takes a number in every form', async () => {
    await using server = await TestServer.start();
    for (const number of [255, '255', '0xff', ' 2^8-1 ', '0255']) {
      const body = (await (await server.submit({ number })).json()) as Accepted;
      assert.equal(body.number, '255');
    }
  });

  it('passes 1,000 digits through exactly, in and out, as integer and as text', async () => {
    await using server = await TestServer.start();
    const digits = `9${'0123456789'.repeat(99)}123456789`;
    for (const body of [`{"number":${digits}}`, `{"number":"${digits}"}`, `{"numbers":[${digits}]}`]) {
      const response = await server.submit(body);
      assert.equal(response.status, 202);
      assert.ok((await response.text()).includes(`"number":"${digits}"`));
    }
    assert.ok(server.service.accepted.every(({ numbers }) => numbers[0] === BigInt(digits)));
  });

  it('answers a batch in its order', async () => {
    await using server = await TestServer.start();
    const response = await server.submit('{"numbers": [15, "2^5", 99999999999999999999, "0x10"]}');
    assert.equal(response.status, 202);
    const { requests } = (await response.json()) as AcceptedBatch;
    assert.deepEqual(
      requests.map((r) => r.number),
      ['15', '32', '99999999999999999999', '16'],
    );
    assert.deepEqual(Object.keys(requests[0] ?? {}), ['request_id', 'number', 'status']);
    assert.equal(server.service.accepted.length, 1);
  });

  it('takes 10,000 numbers of 97 digits without holding up others for long', async () => {
    await using server = await TestServer.start();
    const numbers = Array.from({ length: 10_000 }, (_, i) => `${'7'.repeat(92)}${10_000 + i}`);
    for (const body of [
      `{"numbers":[${numbers.join(',')}]}`,
      JSON.stringify({ numbers: numbers.map((n) => `${n}+1`) }),
    ]) {
      const turns = longestTurn();
      const response = await server.submit(body);
      const longestMs = turns.stop();
      assert.equal(response.status, 202);
      const { requests } = (await response.json()) as AcceptedBatch;
      assert.equal(requests.length, 10_000);
      // The client runs here as well, on code that is not compiled yet; otherwise it is below 50 ms.
      assert.ok(longestMs < 400, `the event loop was held for ${longestMs} ms`);
    }
  });

  it('says that respond-async was honoured', async () => {
    await using server = await TestServer.start();
    const response = await server.submit({ number: 15 }, { prefer: 'respond-async, wait=5' });
    assert.equal(response.headers.get('preference-applied'), 'respond-async');
  });

  it('takes JSON with a byte order mark, a charset, or spaces around it', async () => {
    await using server = await TestServer.start();
    assert.equal((await server.submit('\ufeff{"number":15}')).status, 202);
    assert.equal((await server.submit(' \n{"number":15}\r\n ')).status, 202);
    assert.equal(
      (await server.submit('{"number":15}', { 'content-type': 'application/json; charset=utf-8' })).status,
      202,
    );
  });

  it('gives the same answer for the same idempotency key and numbers, however they are written', async () => {
    await using server = await TestServer.start();
    const first = await (await server.submit({ number: 255 }, { 'idempotency-key': '"k-1"' })).text();
    assert.equal(await (await server.submit({ number: '0xff' }, { 'idempotency-key': 'k-1' })).text(), first);
    const other = await server.submit({ number: 256 }, { 'idempotency-key': 'k-1' });
    assert.equal((await problemOf(other)).code, 'idempotency_conflict');
    assert.equal(
      (await server.submit({ number: 256 }, { 'idempotency-key': 'k-1', 'x-caller-id': 'other' })).status,
      202,
    );
  });

  it('is 503 with Retry-After when the service cannot accept', async () => {
    await using server = await TestServer.start();
    server.service.refusal = { kind: 'unavailable', code: 'store_full', retryAfterMs: 4200 };
    const full = await server.submit({ number: 15 });
    assert.equal(full.status, 503);
    assert.equal(full.headers.get('retry-after'), '5');
    assert.equal((await problemOf(full)).code, 'store_full');
    server.service.refusal = { kind: 'unavailable', code: 'stopping', retryAfterMs: 0 };
    const stopping = await server.submit({ number: 15 });
    assert.equal(stopping.headers.get('retry-after'), '1');
    assert.equal((await problemOf(stopping)).code, 'stopping');
  });

  it('is 500 without a word of the cause when the service breaks, which the log then has', async () => {
    await using server = await TestServer.start();
    server.service.failure = new Error('secret of the house');
    const response = await server.submit({ number: 15 });
    assert.equal(response.status, 500);
    assert.ok(!JSON.stringify(await problemOf(response)).includes('secret'));
    assert.equal(server.logged.length, 1);
  });
});
