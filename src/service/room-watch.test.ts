import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ManualClock } from '../base/manual-clock.ts';
import { RoomWatch } from './room-watch.ts';

class Scene {
  freeBytes = 0;
  hurried = 0;
  readonly clock = new ManualClock();
  readonly watch = new RoomWatch({
    store: { stats: () => Promise.resolve({ freeBytes: this.freeBytes, bytes: 0, queued: 0, lastSeq: 0 }) },
    clock: this.clock,
    retention: { hurry: () => void this.hurried++ },
    closing: new AbortController().signal,
    onFatal: (error) => assert.fail(String(error)),
  });
}

test('one batch that is too large for the room says nothing of others', async () => {
  const scene = new Scene();
  scene.freeBytes = 30_000_000;
  scene.watch.refused();
  assert.equal(scene.watch.isFull, false);
  await nextTurn();
  assert.equal(scene.watch.isFull, false);
  assert.equal(scene.hurried, 1);
});

test('a store without room is full until it has some again, and may be so once more', async () => {
  const scene = new Scene();
  for (let round = 0; round < 2; round++) {
    scene.freeBytes = 0;
    scene.watch.refused();
    await nextTurn();
    assert.equal(scene.watch.isFull, true);
    scene.freeBytes = 1;
    await scene.clock.advance(500);
    await nextTurn();
    assert.equal(scene.watch.isFull, false);
  }
});
