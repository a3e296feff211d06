import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMIT_ROWS_MAX } from '../domain/limits.ts';
import { StoreError } from '../store/store.ts';
import { Telling } from './telling.ts';
import { UnavailableError } from './unavailable-error.ts';

/** Others that cannot be told while `failure` is set, and a clock on which time passes at once. */
function bench() {
  const world = { failure: undefined as Error | undefined, told: [] as string[], attempts: 0 };
  const closing = new AbortController();
  const faults: unknown[] = [];
  const telling = new Telling({
    renewals: {
      msMax: 0,
      renew: async (_, terms) => {
        await new Promise(setImmediate);
        world.attempts++;
        if (world.failure !== undefined) throw world.failure;
        world.told.push(...terms.map(({ number }) => number));
      },
    },
    clock: {
      wallMs: () => 0,
      monotonicMs: () => 0,
      sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
      after: () => () => undefined,
    },
    closing: closing.signal,
    onFatal: (error) => faults.push(error),
  });
  return { world, telling, closing, faults };
}

const FIFTEEN = [{ number: '15', version: 16 }];

for (const failure of [
  new StoreError('full', 'no room'),
  new StoreError('busy', 'too much'),
  new UnavailableError('shard_absent', 2_000, 'who is there cannot be known'),
]) {
  test(`what cannot be told now (${failure.message}) is told as soon as it can be, and nobody waits for it`, async () => {
    const { world, telling, faults } = bench();
    world.failure = failure;
    await telling.tell('', FIFTEEN);
    while (world.attempts < 5) await new Promise(setImmediate);
    assert.deepEqual(world.told, []);
    world.failure = undefined;
    await telling.idle();
    assert.deepEqual([world.told, faults], [['15'], []]);
  });
}

test('the trying ends when nothing more is accepted', async () => {
  const { world, telling, closing, faults } = bench();
  world.failure = new StoreError('full', 'no room');
  await telling.tell('', FIFTEEN);
  closing.abort();
  await telling.idle();
  assert.deepEqual([world.told, faults], [[], []]);
});

test('what does not pass by itself is an error', async () => {
  const { world, telling, faults } = bench();
  world.failure = new StoreError('broken', 'gone');
  await assert.rejects(telling.tell('', FIFTEEN), { code: 'broken' });
  world.failure = new StoreError('full', 'no room');
  await telling.tell('', FIFTEEN);
  world.failure = new StoreError('broken', 'gone');
  await telling.idle();
  assert.deepEqual(faults, [world.failure]);
});

test('where very much is to be told, nothing more should be accepted until it is', async () => {
  const { world, telling } = bench();
  world.failure = new StoreError('full', 'no room');
  const terms = Array.from({ length: COMMIT_ROWS_MAX * 51 }, (_, i) => ({ number: String(i), version: i }));
  await telling.tell('', terms);
  assert.equal(telling.isCongested, true);
  world.failure = undefined;
  await telling.idle();
  assert.deepEqual([telling.isCongested, world.told.length], [false, terms.length]);
});
