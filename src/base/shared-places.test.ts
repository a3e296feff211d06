import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedPlaces } from './shared-places.ts';

/** How many places `holder` gets if it takes all it can. */
function grab(places: SharedPlaces, holder: string): number {
  let count = 0;
  while (places.take(holder)) count++;
  return count;
}

test('whoever takes all it can leaves half of what the others left', () => {
  const places = new SharedPlaces(1_000);
  assert.deepEqual(
    ['a', 'b', 'c'].map((holder) => grab(places, holder)),
    [500, 250, 125],
  );
  assert.equal(places.taken, 875);
});

test('what is given back is free for everyone, and the last place can be taken', () => {
  const places = new SharedPlaces(1);
  assert.equal(places.take('a'), true);
  assert.equal(places.take('b'), false);
  places.giveBack('a');
  assert.equal(places.take('b'), true);
  assert.equal(places.taken, 1);
});

test('several at once are taken together or not at all, and nobody has more than was free', () => {
  const places = new SharedPlaces(100);
  assert.equal(places.take('a', 40), true);
  assert.equal(places.take('a', 30), false);
  assert.equal(places.hasRoom('a', 20), true);
  assert.equal(places.take('b', 60), true);
  assert.equal(places.hasRoom('c'), false);
  places.takeAnyway('c', 10);
  assert.equal(places.taken, 110);
  places.giveBack('b', 60);
  assert.equal(places.take('c', 40), true);
});
