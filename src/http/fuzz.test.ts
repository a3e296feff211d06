import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { TestServer } from './test-server.ts';

const json = fc.oneof(
  fc.json(),
  fc.string().map((text) => JSON.stringify({ number: text })),
  fc.array(fc.oneof(fc.bigInt().map(String), fc.string())).map((numbers) => JSON.stringify({ numbers })),
  fc.bigInt().map((n) => `{"number":${n}}`),
  fc.double().map((n) => `{"number":${n}}`),
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', 'number', '1', '9e9', '-', '\\', ' '),
  }),
);
/** What fetch lets through as a header. */
const header = fc
  .string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((c) => String.fromCharCode(c)) })
  .map((s) => s.trim().replaceAll('\x7f', ''));

describe('No input', () => {
  it('of POST /requests gives a 5xx, or anything but an acceptance or a problem', async () => {
    await using server = await TestServer.start();
    await fc.assert(
      fc.asyncProperty(
        json,
        header,
        header,
        fc.constantFrom('application/json', 'text/json', 'application/JSON;a=b'),
        async (body, caller, key, type) => {
          const response = await server.submit(body, {
            'x-caller-id': caller,
            'idempotency-key': key,
            'content-type': type,
          });
          const answer = (await response.json()) as { code?: string; detail?: string; status?: number };
          if (response.status === 202) return;
          assert.ok(
            [400, 413, 415, 422].includes(response.status),
            `${response.status}: ${JSON.stringify(answer)}`,
          );
          assert.equal(answer.status, response.status);
          assert.ok(answer.code !== undefined && answer.detail !== undefined && answer.detail.length < 1000);
        },
      ),
      { numRuns: 1500, interruptAfterTimeLimit: 30_000 },
    );
    assert.deepEqual(server.logged, []);
  });

  it('as path, query or header of a GET gives a 5xx', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add({ status: 'done' });
    const path = fc.oneof(
      fc.webPath(),
      fc
        .string({
          unit: fc.constantFrom(
            '/',
            '.',
            '%',
            '%2e',
            '%00',
            'requests',
            requestId,
            'docs',
            'static',
            '?',
            '&',
            '=',
            'limit',
            '*',
            ':',
            ';',
            '~',
          ),
        })
        .map((s) => `/${s}`),
      fc.webQueryParameters().map((query) => `/requests?${query}`),
      fc.constant(`/requests/${requestId}`),
    );
    await fc.assert(
      fc.asyncProperty(path, header, header, header, async (target, prefer, known, event) => {
        const response = await server.fetch(target.replace(/^\/\/+/, '/'), {
          headers: { prefer, 'if-none-match': known, 'last-event-id': event, 'accept-version': '1' },
        });
        await response.arrayBuffer();
        assert.ok(response.status < 500, `${target}: ${response.status}`);
      }),
      { numRuns: 1500, interruptAfterTimeLimit: 30_000 },
    );
    assert.deepEqual(server.logged, []);
  });

  it('on the wire stops the server, or is answered with a 5xx', async () => {
    await using server = await TestServer.start({ headersTimeoutMs: 150, requestTimeoutMs: 300 });
    const piece = fc.oneof(
      fc.constantFrom(
        'GET ',
        'POST ',
        'DELETE ',
        'OPTIONS * ',
        '/requests ',
        '/ ',
        'HTTP/1.1',
        'HTTP/1.0',
        '\r\n',
        '\r\n\r\n',
        'Host: x',
        'Content-Length: 5',
        'Transfer-Encoding: chunked',
        'Expect: 100-continue',
        'Connection: close',
        'Connection: upgrade\r\nUpgrade: websocket',
        'Content-Type: application/json',
        '5\r\n',
        '0\r\n\r\n',
        '{"number":15}',
        '\0',
      ),
      fc.string({ maxLength: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 14 }), async (pieces) => {
        const answer = await Promise.race([
          server.exchange(pieces.join('')),
          new Promise<string>((resolve) => setTimeout(resolve, 1500, '')),
        ]);
        assert.doesNotMatch(answer, /^HTTP\/1.1 5/m);
      }),
      { numRuns: 150, interruptAfterTimeLimit: 30_000 },
    );
    assert.equal((await server.fetch('/healthz')).status, 200);
    assert.deepEqual(server.logged, []);
  });
});
