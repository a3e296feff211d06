import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { StoreError } from '../../store/store.ts';
import type { Peer } from './peer.ts';
import { Unheard, UNHEARD_MS } from './unheard.ts';

function replica(shard: number): Peer {
  return { shard, name: `replica-${shard}`, protocol: 1, stage: 'working', load: 0 };
}

/** A replica of shard 0 that looks out for others. */
function watching(t: TestContext) {
  const clock = new ManualClock();
  const scene = {
    clock,
    notices: [] as string[],
    present: [] as Peer[],
    strangers: [] as Peer[],
    living: [0] as number[] | undefined,
    connected: true,
  };
  const unheard = new Unheard({
    presence: { shard: 0, present: () => scene.present, strangers: () => scene.strangers },
    bus: {
      get connected() {
        return scene.connected;
      },
    },
    clock,
    livingShards: () =>
      scene.living ? Promise.resolve(scene.living) : Promise.reject(new StoreError('busy', 'not now')),
    onNotice: (notice) => scene.notices.push(notice),
  });
  const over = new AbortController();
  t.after(() => over.abort());
  void unheard.watch(over.signal);
  return Object.assign(scene, { unheard });
}

test('replicas that have databases and are not heard are told of once, with what to look at, and again when they are others', async (t) => {
  const scene = watching(t);
  scene.present = [replica(1)];
  scene.living = [0, 1, 2];
  await scene.clock.advance(UNHEARD_MS + 3_000);
  assert.deepEqual(scene.unheard.shards, [2]);
  assert.equal(scene.notices.length, 1);
  assert.match(scene.notices[0] ?? '', /not heard: 2\. .*FAIRSIEVE_NATS_URL and FAIRSIEVE_CLUSTER must be/);
  scene.connected = false;
  scene.present = [];
  await scene.clock.advance(UNHEARD_MS + 3_000);
  assert.deepEqual(scene.unheard.shards, [1, 2]);
  assert.match(scene.notices[1] ?? '', /not heard: 1, 2\. .*no connection to NATS/);
  assert.equal(scene.notices.length, 2);
  scene.present = [replica(1), replica(2)];
  await scene.clock.advance(3_000);
  assert.deepEqual(scene.unheard.shards, []);
});

test('who has just claimed a database may read it before it is heard, and of one heard before nothing is told', async (t) => {
  const scene = watching(t);
  scene.living = [0, 3];
  await scene.clock.advance(UNHEARD_MS - 3_000);
  scene.present = [replica(3)];
  await scene.clock.advance(3_000);
  scene.present = [];
  await scene.clock.advance(UNHEARD_MS - 3_000);
  assert.deepEqual([scene.unheard.shards, scene.notices], [[], []]);
});

test('one that speaks another protocol is heard', async (t) => {
  const scene = watching(t);
  scene.living = [0, 4];
  scene.strangers = [replica(4)];
  await scene.clock.advance(2 * UNHEARD_MS);
  assert.deepEqual([scene.unheard.shards, scene.notices], [[], []]);
});

test('nothing is said while Redis cannot be asked', async (t) => {
  const scene = watching(t);
  scene.living = [0, 5];
  await scene.clock.advance(UNHEARD_MS + 3_000);
  scene.living = undefined;
  await scene.clock.advance(3_000);
  assert.equal(scene.unheard.shards, undefined);
  scene.living = [0, 5];
  await scene.clock.advance(3_000);
  assert.deepEqual(scene.unheard.shards, [5]);
  assert.equal(scene.notices.length, 1);
});
