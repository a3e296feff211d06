import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findHighestRate, type FoundRate } from './highest-rate.ts';

async function search(
  capacity: number,
  given: { readonly max?: number; readonly triesMax?: number } = {},
): Promise<FoundRate & { readonly asked: number[] }> {
  const asked: number[] = [];
  const found = await findHighestRate({
    from: 1_000,
    max: 1e6,
    factor: 1.05,
    triesMax: 50,
    ...given,
    holds: async (rate) => {
      asked.push(rate);
      return rate <= capacity;
    },
  });
  return { ...found, asked };
}

test('it is found to within the factor, above and below where the search starts', async () => {
  for (const capacity of [3, 700, 1_000, 1_001, 9_876, 123_456]) {
    const { held, failed, asked } = await search(capacity);
    assert.ok(held <= capacity && failed > capacity, `${held} … ${failed} does not hold ${capacity}`);
    assert.ok(failed < held * 1.05 || failed === held + 1, `${held} … ${failed} is wide`);
    assert.equal(new Set(asked).size, asked.length);
  }
});

test('it ends at the highest rate allowed, and when it may ask no more', async () => {
  assert.deepEqual(await search(1e9, { max: 3_000 }), {
    held: 3_000,
    failed: Infinity,
    asked: [1_000, 2_000, 3_000],
  });
  assert.equal((await search(9_876, { triesMax: 3 })).asked.length, 3);
});

test('where it holds at no rate, nothing is found', async () => {
  assert.equal((await search(0)).held, 0);
});
