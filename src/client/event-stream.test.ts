import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readEvents, type StreamedEvent } from './event-stream.ts';

async function* cutAt(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    yield bytes.subarray(start, Math.min(cut, bytes.length));
    start = Math.min(cut, bytes.length);
  }
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield new Uint8Array(65_536).fill(97);
}

async function eventsOf(text: string, cuts: readonly number[] = []): Promise<StreamedEvent[]> {
  return Array.fromAsync(readEvents(cutAt(new TextEncoder().encode(text), cuts)));
}

test('the same events come out however the bytes are cut and whichever line ends are used', async () => {
  const text =
    'retry: 1\n\n: a comment\nevent: state\nid: 7\ndata: {"name":"Zoë ✓"}\n\ndata:1\ndata: 2\n\nevent: none\n\n';
  const expected = [
    { event: 'state', data: '{"name":"Zoë ✓"}' },
    { event: 'message', data: '1\n2' },
  ];
  const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(cuts, fc.constantFrom('\n', '\r\n', '\r'), async (at, end) => {
      assert.deepEqual(await eventsOf(text.replaceAll('\n', end), at), expected);
    }),
  );
});

test('an event that was cut off before its end does not count', async () => {
  assert.deepEqual(await eventsOf('data: whole\n\nevent: state\ndata: {"half":'), [
    { event: 'message', data: 'whole' },
  ]);
  assert.deepEqual(await eventsOf('data: not ended\n'), []);
});

test('a line without end is given up instead of filling the memory', async () => {
  await assert.rejects(Array.fromAsync(readEvents(endless())), /line of more than/);
});
