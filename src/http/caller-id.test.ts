import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { problemOf, TestServer } from './test-server.ts';

async function callerOf(headers: [string, string][], query = ''): Promise<string> {
  await using server = await TestServer.start();
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const body = '{"number":15}';
  const answer = await server.exchange(
    Buffer.from(
      `POST /requests${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n${lines}\r\n${body}`,
    ),
  );
  return server.service.accepted[0]?.callerId ?? /"code":"(\w+)"/.exec(answer)?.[1] ?? answer;
}

describe('The caller id', () => {
  const cases: [says: string, headers: [string, string][], query: string, caller: string][] = [
    ['comes from X-Caller-Id', [['X-Caller-Id', 'acme']], '', 'acme'],
    ['comes from caller-id', [['Caller-ID', 'acme']], '', 'acme'],
    ['comes from caller_id', [['caller_id', 'acme']], '', 'acme'],
    ['comes from the query', [], '?caller_id=acme%20%26%20sons', 'acme & sons'],
    [
      'may be given everywhere if it is the same',
      [
        ['x-caller-id', 'a'],
        ['caller_id', 'a'],
      ],
      '?caller_id=a',
      'a',
    ],
    ['is read as UTF-8', [['x-caller-id', 'Ünïcode 会社']], '', 'Ünïcode 会社'],
    ['is the same in UTF-8 and percent-encoded', [['x-caller-id', 'Ü']], '?caller_id=%C3%9C', 'Ü'],
    ['may hold commas', [['x-caller-id', 'Smith, Jones']], '', 'Smith, Jones'],
    ['is missing', [], '', 'caller_id_missing'],
    ['is empty in the query', [], '?caller_id=', 'caller_id_invalid'],
    [
      'differs between headers',
      [
        ['x-caller-id', 'a'],
        ['caller-id', 'b'],
      ],
      '',
      'caller_id_invalid',
    ],
    [
      'differs between two headers of one name',
      [
        ['x-caller-id', 'a'],
        ['X-Caller-Id', 'b'],
      ],
      '',
      'caller_id_invalid',
    ],
    ['differs between header and query', [['x-caller-id', 'a']], '?caller_id=b', 'caller_id_invalid'],
    ['may be given twice in the query if it is the same', [], '?caller_id=a&caller_id=%61', 'a'],
    ['is not UTF-8 in the query', [], '?caller_id=%FF', 'query_invalid'],
    ['is given twice in the query', [], '?caller_id=a&caller_id=b', 'caller_id_invalid'],
    ['has control characters', [], '?caller_id=a%00b', 'caller_id_invalid'],
    ['has 257 bytes', [['x-caller-id', 'é'.repeat(128) + 'x']], '', 'caller_id_invalid'],
    ['has 256 bytes', [['x-caller-id', 'é'.repeat(128)]], '', 'é'.repeat(128)],
  ];
  for (const [says, headers, query, caller] of cases) {
    it(`${says}: ${caller.slice(0, 20)}`, async () => assert.equal(await callerOf(headers, query), caller));
  }

  it('in bytes that are no UTF-8 is refused', async () => {
    await using server = await TestServer.start();
    const response = await server.submit({ number: 15 }, { 'x-caller-id': 'a\xff' });
    assert.match((await problemOf(response)).detail, /not UTF-8/);
  });

  it('that differs is named in both forms', async () => {
    await using server = await TestServer.start();
    const response = await server.submit({ number: 15 }, { 'caller-id': 'other' });
    assert.match((await problemOf(response)).detail, /"acme" and "other"|"other" and "acme"/);
  });
});
