import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PROBLEMS, type ErrorCode } from '../domain/error-code.ts';
import { problemOf, TestServer } from './test-server.ts';

type Row = [
  what: string,
  body: string | Uint8Array,
  code: ErrorCode,
  says: RegExp,
  headers?: Record<string, string>,
];

const ROWS: Row[] = [
  ['0', '{"number":0}', 'number_out_of_range', /number 0: .*at least 1/],
  ['a negative integer', '{"number":-5}', 'number_out_of_range', /number -5: .*at least 1/],
  ['minus zero', '{"number":-0}', 'number_out_of_range', /number -0: .*at least 1/],
  ['a fraction', '{"number":1.5}', 'number_invalid', /"1.5".*not an integer/],
  ['a fraction that is whole', '{"number":15.0}', 'number_invalid', /"15.0".*not an integer/],
  ['1e5', '{"number":1e5}', 'number_invalid', /"1e5".*10\^5/],
  ['1e400', '{"number":1e400}', 'number_invalid', /"1e400"/],
  ['NaN as text', '{"number":"NaN"}', 'number_invalid', /"NaN"/],
  ['NaN bare', '{"number":NaN}', 'json_invalid', /not JSON/],
  ['a leading plus', '{"number":"+5"}', 'number_invalid', /"\+5"/],
  ['a leading plus, bare', '{"number":+5}', 'json_invalid', /not JSON/],
  ['a leading zero, bare', '{"number":05}', 'json_invalid', /not JSON/],
  ['1,001 digits', `{"number":${'7'.repeat(1001)}}`, 'number_out_of_range', /1001 digits, at most 1000/],
  [
    '1,001 digits as text',
    `{"number":"${'7'.repeat(1001)}"}`,
    'number_out_of_range',
    /1001 digits, at most 1000/,
  ],
  [
    'a million digits',
    `{"number":${'7'.repeat(1_000_000)}}`,
    'number_out_of_range',
    /1000000 digits, at most 1000/,
  ],
  ['an expression that is too large', '{"number":"9^9^9"}', 'number_out_of_range', /more than 8000 digits/],
  ['empty text', '{"number":""}', 'body_invalid', /number/],
  ['null', '{"number":null}', 'body_invalid', /number must be an integer or a string: it is null/],
  ['true', '{"number":true}', 'body_invalid', /it is true/],
  ['an array', '{"number":[15]}', 'body_invalid', /it is an array/],
  ['an object', '{"number":{}}', 'body_invalid', /it is an object/],
  ['no field', '{}', 'body_invalid', /exactly one of "number" and "numbers": it has neither/],
  ['both fields', '{"number":15,"numbers":[15]}', 'body_invalid', /exactly one of.*it has both/],
  ['an unknown field', '{"number":15,"nunber":1}', 'body_invalid', /unknown fields: "nunber"/],
  ['only an unknown field', '{"value":15}', 'body_invalid', /unknown fields: "value"/],
  ['__proto__', '{"number":15,"__proto__":{"x":1}}', 'body_invalid', /unknown fields: "__proto__"/],
  [
    'constructor',
    '{"number":15,"constructor":{"prototype":{}}}',
    'body_invalid',
    /unknown fields: "constructor"/,
  ],
  ['toString', '{"toString":15}', 'body_invalid', /unknown fields: "toString"/],
  ['an empty batch', '{"numbers":[]}', 'batch_size_invalid', /numbers has 0 items, at least 1/],
  [
    '10,001 numbers',
    `{"numbers":[${'1,'.repeat(10_000)}1]}`,
    'batch_size_invalid',
    /numbers has 10001 items, at most 10000/,
  ],
  ['100,000 numbers', `{"numbers":[${'1,'.repeat(100_000)}1]}`, 'body_too_large', /more than 20000 values/],
  ['a batch that is none', '{"numbers":15}', 'body_invalid', /numbers must be of type array: it is 15/],
  [
    'a batch with a hole',
    '{"numbers":[15,null]}',
    'body_invalid',
    /numbers\/1 must be an integer or a string: it is null/,
  ],
  ['a batch with a zero', '{"numbers":[15,"0"]}', 'number_out_of_range', /numbers\/1.* 0: .*at least 1/],
  ['an array for a body', '[15]', 'body_invalid', /The body must be of type object: it is an array/],
  ['a number for a body', '15', 'body_invalid', /of type object: it is 15/],
  ['a long number for a body', '9'.repeat(30), 'body_invalid', /of type object/],
  ['text for a body', '"15"', 'body_invalid', /of type object: it is "15"/],
  ['null for a body', 'null', 'body_invalid', /missing or null: send a JSON object/],
  ['an empty body', '', 'body_invalid', /missing or null: send a JSON object/],
  ['spaces for a body', '  \n', 'json_invalid', /not JSON/],
  ['truncated JSON', '{"number": 15', 'json_invalid', /not JSON/],
  ['two bodies', '{"number":15}{"number":16}', 'json_invalid', /not JSON/],
  ['a trailing comma', '{"number":15,}', 'json_invalid', /not JSON/],
  ['single quotes', "{'number':15}", 'json_invalid', /not JSON/],
  ['200,000 nested brackets', '['.repeat(200_000), 'json_invalid', /nested more than 16 deep/],
  ['1 MB of nested objects', '{"number":'.repeat(100_000), 'json_invalid', /nested more than 16 deep/],
  ['bytes that are no UTF-8', Buffer.from('{"number":"\xff"}', 'latin1'), 'json_invalid', /not valid UTF-8/],
  ['UTF-16', Buffer.from('{"number":15}', 'utf16le'), 'json_invalid', /not JSON/],
  [
    '2 MB',
    `{"number":"${'7'.repeat(2_000_000)}"}`,
    'body_too_large',
    /2000013 bytes or more, at most 1048576/,
  ],
  [
    'a form',
    'number=15',
    'content_type_unsupported',
    /not application\/x-www-form-urlencoded/,
    { 'content-type': 'application/x-www-form-urlencoded' },
  ],
  ['plain text', '15', 'content_type_unsupported', /not text\/plain/, { 'content-type': 'text/plain' }],
  ['XML', '<n/>', 'content_type_unsupported', /not application\/xml/, { 'content-type': 'application/xml' }],
  [
    'a content type that is none',
    '{}',
    'content_type_unsupported',
    /not nonsense/,
    { 'content-type': 'nonsense' },
  ],
  [
    'an empty content type',
    '{}',
    'content_type_unsupported',
    /must be application\/json, but no content type was given$/,
    { 'content-type': '' },
  ],
  [
    'a compressed body',
    Buffer.from([31, 139]),
    'content_type_unsupported',
    /content-encoding is gzip/,
    { 'content-encoding': 'gzip' },
  ],
  [
    'an idempotency key with spaces',
    '{"number":15}',
    'idempotency_key_invalid',
    /"a b".*1 to 255/,
    { 'idempotency-key': 'a b' },
  ],
  [
    'an idempotency key of 300 characters',
    '{"number":15}',
    'idempotency_key_invalid',
    /1 to 255/,
    { 'idempotency-key': 'k'.repeat(300) },
  ],
];

describe('POST /requests refuses', () => {
  for (const [what, body, code, says, headers] of ROWS) {
    it(`${what} with ${PROBLEMS[code].status} ${code}`, async () => {
      await using server = await TestServer.start();
      const response = await server.submit(body, headers);
      const problem = await problemOf(response);
      assert.equal(problem.code, code, problem.detail);
      assert.equal(response.status, PROBLEMS[code].status);
      assert.equal(problem.status, response.status);
      assert.equal(problem.type, `urn:fairsieve:problem:${code}`);
      assert.equal(problem.instance, '/requests');
      assert.match(problem.detail, says);
      assert.ok(problem.detail.length < 400, problem.detail);
      assert.equal(server.service.accepted.length, 0);
      assert.deepEqual(server.logged, []);
    });
  }

  it('a batch with the places of its first ten faults', async () => {
    await using server = await TestServer.start();
    const numbers = Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? i + 1 : '1.5'));
    const { errors } = await problemOf(await server.submit({ numbers }));
    assert.deepEqual(
      errors?.map((e) => e.pointer),
      [1, 3, 5, 7, 9, 11, 13, 15, 17, 19].map((i) => `#/numbers/${i}`),
    );
    assert.ok(errors?.every((e) => e.code === 'number_invalid'));
  });

  it('more digits than are configured, naming that bound', async () => {
    await using server = await TestServer.start({ digitsMax: 20 });
    assert.equal((await server.submit({ number: '9'.repeat(20) })).status, 202);
    assert.match(
      (await problemOf(await server.submit({ number: '9'.repeat(21) }))).detail,
      /21 digits, at most 20/,
    );
  });
});

it('POST /requests refuses a query parameter that it does not know', async () => {
  await using server = await TestServer.start();
  const response = await server.fetch('/requests?caller=acme', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"number":15}',
  });
  assert.match((await problemOf(response)).detail, /"caller"; known are caller_id/);
});

describe('Other requests are refused:', () => {
  type Elsewhere = [method: string, path: string, code: ErrorCode, says: RegExp];
  const rows: Elsewhere[] = [
    ['GET', '/nope', 'route_not_found', /nothing at \/nope/],
    ['GET', '/requests/nope/nope', 'route_not_found', /nothing at/],
    ['GET', '/requests/NOPE', 'request_not_found', /no request "NOPE"/],
    ['GET', '/requests?request_id=NOPE', 'request_not_found', /no request "NOPE"/],
    ['GET', '/requests/NOPE/events', 'request_not_found', /no request "NOPE"/],
    ['DELETE', '/requests/NOPE', 'request_not_found', /no request "NOPE"/],
    ['POST', '/requests/NOPE/resume', 'request_not_found', /no request "NOPE"/],
    ['GET', `/requests/${'A'.repeat(3000)}`, 'request_not_found', /There is no request/],
    ['GET', '/requests/%zz', 'request_malformed', /percent/],
    ['PUT', '/requests', 'method_not_allowed', /takes GET, HEAD, POST, not PUT/],
    ['PATCH', '/requests/NOPE', 'method_not_allowed', /takes GET, HEAD, DELETE, not PATCH/],
    ['OPTIONS', '/requests', 'method_not_allowed', /not OPTIONS/],
    ['GET', '/requests/NOPE/resume', 'method_not_allowed', /takes POST, not GET/],
    ['POST', '/healthz', 'method_not_allowed', /takes GET, HEAD, not POST/],
    ['GET', '/requests?status=gone', 'query_invalid', /status must be one of queued, running.*"gone"/],
    ['GET', '/requests?mode=slow', 'query_invalid', /mode must be one of queued, sync, async.*"slow"/],
    ['GET', '/requests?limit=0', 'query_invalid', /limit.*1.*it is 0/],
    ['GET', '/requests?limit=501', 'query_invalid', /limit.*500.*it is 501/],
    [
      'GET',
      '/requests?limit=many',
      'query_invalid',
      /limit must be a whole number from 1 to 500: it is "many"/,
    ],
    ['GET', '/requests?limit=5&limit=6', 'query_invalid', /limit must have one value: it has "5" and "6"/],
    ['GET', '/requests?caller_id=%FF', 'query_invalid', /parameter caller_id is not UTF-8/],
    ['GET', '/healthz?%zz=1', 'query_invalid', /parameter %zz is not UTF-8/],
    ['GET', '/requests?cursor=%00', 'query_invalid', /cursor/],
    [
      'GET',
      '/requests?state=done',
      'query_invalid',
      /unknown.*"state"; known are mode, status, delivery, caller_id, cursor, limit, strict, request_id/,
    ],
    ['GET', '/requests?request_id=NOPE&status=done', 'query_invalid', /request_id goes without status/],
    ['GET', '/docs/static/nope', 'route_not_found', /nothing at/],
    ['GET', '/docs/static/..%2f..%2fpackage.json', 'route_not_found', /nothing at/],
  ];
  for (const [method, path, code, says] of rows) {
    it(`${method} ${path.slice(0, 60)} with ${PROBLEMS[code].status} ${code}`, async () => {
      await using server = await TestServer.start();
      const response = await server.fetch(path, { method });
      const problem = await problemOf(response);
      assert.equal(problem.code, code, problem.detail);
      assert.equal(response.status, PROBLEMS[code].status);
      assert.match(problem.detail, says);
      if (code === 'method_not_allowed')
        assert.ok(problem.detail.includes(`takes ${response.headers.get('allow')}, not`));
      assert.deepEqual(server.logged, []);
    });
  }
});
