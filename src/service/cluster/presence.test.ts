import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { MemoryNetwork } from '../../bus/memory-bus.ts';
import { PROTOCOL } from './peer.ts';
import { Presence } from './presence.ts';

/** Replicas that hear each other, each with the number of its shard as its load. */
class Cluster {
  readonly clock = new ManualClock();
  readonly network = new MemoryNetwork({ clock: this.clock, random: () => 0 });
  /** Who was told that it has lost its shard, and how. */
  readonly lost: string[] = [];
  readonly #running = new Map<number, AbortController>();

  start(shard: number): Presence {
    const bus = this.network.join(shard);
    const presence = new Presence({
      bus,
      clock: this.clock,
      shard,
      epoch: 4,
      name: `replica-${shard}`,
      load: () => shard,
      callbackKey: () => undefined,
      onLost: ({ code, message }) => this.lost.push(`${code} ${message}`),
    });
    const running = new AbortController();
    this.#running.set(shard, running);
    void presence.run(running.signal);
    return presence;
  }

  crash(shard: number): void {
    this.#running.get(shard)?.abort();
    this.network.crash(shard);
  }
}

const shardsOf = (presence: Presence): number[] => presence.present().map(({ shard }) => shard);

test('whoever comes knows at once who is here, and is known', async () => {
  const cluster = new Cluster();
  const [first, second] = [cluster.start(3), cluster.start(7)];
  await cluster.clock.advance(5_000);
  const third = cluster.start(1);
  await cluster.clock.advance(20);
  assert.deepEqual(shardsOf(third), [3, 7]);
  assert.deepEqual(shardsOf(first), [1, 7]);
  assert.deepEqual(shardsOf(second), [1, 3]);
  assert.deepEqual(first.present()[1], {
    shard: 7,
    name: 'replica-7',
    protocol: PROTOCOL,
    stage: 'catching_up',
    load: 7,
  });
});

test('one that crashes is present for two seconds more, one that leaves is not', async () => {
  const cluster = new Cluster();
  const [first, second] = [cluster.start(0), cluster.start(1)];
  cluster.start(2);
  await cluster.clock.advance(1_000);
  second.enter('leaving');
  await cluster.clock.advance(10);
  assert.equal(first.present()[0]?.stage, 'leaving');
  cluster.crash(2);
  second.enter('left');
  await cluster.clock.advance(10);
  cluster.crash(1);
  assert.deepEqual(shardsOf(first), [2]);
  await cluster.clock.advance(1_400);
  assert.deepEqual(shardsOf(first), [2]);
  await cluster.clock.advance(600);
  assert.deepEqual(shardsOf(first), []);
});

test('one that speaks another protocol is known by name, and not among those who are asked', async () => {
  const cluster = new Cluster();
  const first = cluster.start(0);
  const stranger = cluster.network.join(5);
  const heartbeat = {
    protocol: PROTOCOL + 1,
    shard: 5,
    epoch: 1,
    name: 'newer',
    stage: 'working',
    load: 0,
    mood: 'good',
  };
  stranger.announce('presence', new TextEncoder().encode(JSON.stringify(heartbeat)));
  await cluster.clock.advance(10);
  assert.deepEqual(shardsOf(first), []);
  assert.deepEqual(
    first.strangers().map(({ name }) => name),
    ['newer'],
  );
});

test('what is no heartbeat is passed over', async () => {
  const cluster = new Cluster();
  const first = cluster.start(0);
  const other = cluster.network.join(5);
  for (const text of [
    '',
    'null',
    '{"shard":"5"}',
    `{"shard":5,"epoch":1,"name":"x","protocol":${PROTOCOL},"stage":"dreaming","load":0}`,
  ])
    other.announce('presence', new TextEncoder().encode(text));
  await cluster.clock.advance(10);
  assert.deepEqual(first.present(), []);
  assert.deepEqual(first.strangers(), []);
});

function told(shard: number, epoch: number, stage: string): Uint8Array {
  const heartbeat = {
    protocol: PROTOCOL,
    shard,
    epoch,
    name: `replica-${shard}, claim ${epoch}`,
    stage,
    load: 0,
  };
  return new TextEncoder().encode(JSON.stringify(heartbeat));
}

test('one whose shard another one has claimed since is told so once, and one that has claimed it since is not', async () => {
  const cluster = new Cluster();
  cluster.start(0);
  const other = cluster.network.join(9);
  for (const epoch of [3, 4]) other.announce('presence', told(0, epoch, 'working'));
  other.announce('presence', told(0, 3, 'left'));
  await cluster.clock.advance(10);
  assert.deepEqual(cluster.lost, []);
  for (const epoch of [5, 5]) other.announce('presence', told(0, epoch, 'working'));
  await cluster.clock.advance(10);
  assert.equal(cluster.lost.length, 1);
  assert.match(cluster.lost[0] ?? '', /^lost replica-0, claim 5 has claimed the database of shard 0/);
});

test('one whose shard another one had since, and has emptied and left, is told so too', async () => {
  const cluster = new Cluster();
  cluster.start(0);
  cluster.network.join(9).announce('presence', told(0, 5, 'left'));
  await cluster.clock.advance(10);
  assert.equal(cluster.lost.length, 1);
});

test('of two that call a shard theirs, the one that claimed it last is heard while it is present', async () => {
  const cluster = new Cluster();
  const first = cluster.start(0);
  const other = cluster.network.join(9);
  other.announce('presence', told(5, 7, 'working'));
  await cluster.clock.advance(10);
  for (const stage of ['leaving', 'left']) {
    other.announce('presence', told(5, 6, stage));
    await cluster.clock.advance(10);
    assert.deepEqual(
      first.present().map(({ name, stage: present }) => [name, present]),
      [['replica-5, claim 7', 'working']],
    );
  }
  await cluster.clock.advance(3_000);
  // A database that was emptied is claimed for the first time again.
  other.announce('presence', told(5, 1, 'working'));
  await cluster.clock.advance(10);
  assert.deepEqual(shardsOf(first), [5]);
});
