import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { inputLines, type InputLine } from './input-lines.ts';

async function linesOf(text: string, chunkBytes: number, charsMax = 100): Promise<InputLine[]> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const bytes = new TextEncoder().encode(text);
    for (let i = 0; i < bytes.length; i += chunkBytes) yield bytes.subarray(i, i + chunkBytes);
  }
  return (await Array.fromAsync(inputLines(chunks(), charsMax))).flat();
}

test('lines are the same however the bytes arrive; blank ones and comments are left out, and counted', async () => {
  const text = '\uFEFF1\r\n\n  2 ✓\n# no\n\t\n3';
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 30 }), async (chunkBytes) => {
      assert.deepEqual(await linesOf(text, chunkBytes), [
        { text: '1', number: 1 },
        { text: '2 ✓', number: 3 },
        { text: '3', number: 6 },
      ]);
    }),
  );
});

test('a long line is cut, and the next one is whole', async () => {
  assert.deepEqual(await linesOf(`${'7'.repeat(500)}\n8\n`, 64, 10), [
    { text: '7'.repeat(10), number: 1 },
    { text: '8', number: 2 },
  ]);
});
