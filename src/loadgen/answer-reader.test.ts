import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, AnswerReader, MalformedAnswerError } from './answer-reader.ts';

type Read = readonly [status: number, body: string, isLast: boolean];

/** What is read of a text that comes in pieces of `size` bytes. */
function read(text: string, size: number): Read[] {
  const reader = new AnswerReader();
  const answers: Read[] = [];
  const note = (answer: Answer | undefined): void => {
    if (answer) answers.push([answer.status, answer.body.toString(), answer.isLast]);
  };
  const bytes = Buffer.from(text);
  const shared = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    // As a socket does: each piece is written over the one before.
    const length = bytes.copy(shared, 0, at, at + size);
    note(reader.read(shared.subarray(0, length)));
  }
  note(reader.readEnd());
  return answers;
}

function assertReads(text: string, ...expected: readonly Read[]): void {
  for (const size of [1, 2, 3, 7, 1_000])
    assert.deepEqual(read(text, size), expected, `in pieces of ${size} bytes`);
}

test('a body has the length announced', () => {
  assertReads('HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\nhello', [202, 'hello', false]);
  assertReads('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n', [200, '', true]);
});

test('chunks are put together, whatever their extensions and trailers', () => {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  assertReads(`${head}5\r\nhello\r\n1;a=b\r\n,\r\nA\r\n0123456789\r\n0\r\n\r\n`, [
    200,
    'hello,0123456789',
    false,
  ]);
  assertReads(`${head}1\r\nx\r\n0\r\nexpires: never\r\n\r\n`, [200, 'x', false]);
  assertReads(`${head}0\r\n\r\n`, [200, '', false]);
});

test('a body without a length ends with the connection', () => {
  assertReads('HTTP/1.1 200 OK\r\n\r\nuntil the end', [200, 'until the end', true]);
  assertReads('HTTP/1.0 500 No\r\ncontent-length: 2\r\n\r\nno', [500, 'no', true]);
});

test('what is under way is passed over, and what has no body ends with its head', () => {
  assertReads('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n', [204, '', false]);
  assertReads('HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n', [304, '', false]);
});

test('an answer that is cut off is none', () => {
  assert.deepEqual(read('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello', 100), []);
  assert.deepEqual(read('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel', 100), []);
  assert.deepEqual(read('HTTP/1.1 200', 100), []);
});

test('what is no answer, or more than one, is refused', () => {
  for (const text of [
    'SSH-2.0\r\n\r\n',
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`,
    `HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n${'y'.repeat(2 ** 24 + 1)}`,
  ])
    assert.throws(() => read(text, 2 ** 25), MalformedAnswerError, text.slice(0, 60));
});
