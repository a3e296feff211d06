import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { isOutvoted, watchCallbackKeys, type Keyed } from './callback-keys.ts';
import type { Peer } from './peer.ts';

/** A replica of that shard. */
function replica(shard: number, callbackKey?: string): Keyed {
  return { shard, name: `replica-${shard}`, ...(callbackKey !== undefined && { callbackKey }) };
}

/** Which of these are outvoted, each seeing the others. */
function outvoted(...replicas: readonly Keyed[]): number[] {
  return replicas
    .filter((own) =>
      isOutvoted(
        own,
        replicas.filter((other) => other !== own),
      ),
    )
    .map(({ shard }) => shard);
}

test('those with the key that fewer have are outvoted, and nobody where all have the same', () => {
  assert.deepEqual(outvoted(replica(0, 'a')), []);
  assert.deepEqual(outvoted(replica(0, 'a'), replica(1, 'a'), replica(2, 'a')), []);
  assert.deepEqual(outvoted(replica(0, 'b'), replica(1, 'a'), replica(2, 'a')), [0]);
  assert.deepEqual(outvoted(replica(0, 'b'), replica(1, 'a'), replica(2, 'a'), replica(3, 'c')), [0, 3]);
});

test('of two keys that as many have, that of the lowest shard counts: somebody is always ready', () => {
  assert.deepEqual(outvoted(replica(3, 'a'), replica(1, 'b')), [3]);
  assert.deepEqual(outvoted(replica(0, 'a'), replica(1, 'b'), replica(2, 'b'), replica(3, 'a')), [1, 2]);
});

test('who has told no key yet is neither counted nor outvoted', () => {
  assert.deepEqual(outvoted(replica(0), replica(1, 'a'), replica(2)), []);
});

test('whoever has another key is named once, and again when it has changed who that is', async () => {
  const clock = new ManualClock();
  const faults: string[] = [];
  let others: readonly Keyed[] = [replica(1, 'a'), replica(2)];
  const presence = {
    self: () => replica(0, 'a') as Peer,
    present: () => [...others] as Peer[],
  };
  const over = new AbortController();
  void watchCallbackKeys({ presence, clock, onFault: (fault) => faults.push(fault) }, over.signal);
  await clock.advance(2_000);
  assert.deepEqual(faults, []);
  others = [replica(1, 'a'), replica(2, 'b')];
  await clock.advance(2_000);
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? '', /another master key than this one's on replica-2: all replicas must have/);
  others = [replica(1, 'b'), replica(2, 'b')];
  await clock.advance(2_000);
  assert.match(faults[1] ?? '', /on replica-1, replica-2:/);
  assert.equal(faults.length, 2);
  over.abort();
});
