import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOG_ROW_BYTES, packChunks, unpackChunks } from './log-row.ts';

const SIZES = [
  { title: 'none', sizes: [], rows: 0 },
  { title: 'a single one', sizes: [5], rows: 1 },
  { title: 'small and empty ones', sizes: [0, 100, 0, 300, 1], rows: 1 },
  { title: 'as many as fill a row exactly', sizes: [LOG_ROW_BYTES - 1, 1], rows: 1 },
  { title: 'one byte more than that', sizes: [LOG_ROW_BYTES, 1], rows: 2 },
  { title: 'one that is larger than a row among others', sizes: [9, LOG_ROW_BYTES + 9, 9], rows: 3 },
];

for (const { title, sizes, rows } of SIZES) {
  test(`chunks come back from their rows as they were: ${title}`, () => {
    const chunks = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));
    const packed = packChunks(chunks);
    assert.equal(packed.length, rows);
    assert.deepEqual(packed.flatMap(unpackChunks), chunks);
  });
}
