import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import type { Peer } from './peer.ts';
import { watchNames } from './same-names.ts';

test('another replica of the same name is told of once, and again when it has changed which that is', async () => {
  const replica = (shard: number, name: string): Peer => ({
    shard,
    name,
    protocol: 1,
    stage: 'working',
    load: 0,
  });
  const clock = new ManualClock();
  const notices: string[] = [];
  let others = [replica(1, 'b')];
  const presence = { self: () => replica(0, 'a'), present: () => others };
  const over = new AbortController();
  const onNotice = (notice: string): number => notices.push(notice);
  void watchNames({ presence, clock, onNotice }, over.signal);
  await clock.advance(2_000);
  assert.deepEqual(notices, []);
  others = [replica(1, 'b'), replica(2, 'a')];
  await clock.advance(2_000);
  assert.equal(notices.length, 1);
  assert.match(notices[0] ?? '', /called a too, that of database 2: give each a FAIRSIEVE_REPLICA_NAME/);
  others = [replica(3, 'a')];
  await clock.advance(2_000);
  assert.match(notices[1] ?? '', /database 3:/);
  assert.equal(notices.length, 2);
  over.abort();
});
