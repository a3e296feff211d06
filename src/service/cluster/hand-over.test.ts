import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError, type Parcel } from '../../store/store.ts';
import { CALLS } from './calls.ts';
import { handOver, type HandedOver, type HandOverParts } from './hand-over.ts';
import { ManualNetwork, type Member } from './manual-network.ts';

/** A store of parcels, numbered. */
class Shelf {
  readonly parcels: Parcel[];

  constructor(count: number) {
    this.parcels = Array.from({ length: count }, (_, i) => ({ bytes: Uint8Array.of(i) }));
  }

  parcel(): Promise<Parcel | undefined> {
    return Promise.resolve(this.parcels[0]);
  }

  partWith(parcel: Parcel): Promise<void> {
    assert.equal(parcel, this.parcels.shift());
    return Promise.resolve();
  }
}

class Scene extends ManualNetwork {
  readonly leaver = this.join(0);
  readonly taken = new Map<number, number[]>();

  /** A replica that takes what it is given, unless `adopt` says otherwise. */
  receiver(shard: number, adopt: (parcel: number) => Promise<void> = () => Promise.resolve()): Member {
    const member = this.join(shard);
    const taken: number[] = [];
    this.taken.set(shard, taken);
    member.peers.answer(CALLS.adopt, async (bytes) => {
      await adopt(bytes[0] ?? -1);
      taken.push(bytes[0] ?? -1);
      return {};
    });
    member.presence.enter('working');
    return member;
  }

  async leave(shelf: HandOverParts['store'], withinMs = 30_000): Promise<HandedOver> {
    // Longer than from one heartbeat to the next.
    await this.clock.advance(600);
    const { peers } = this.leaver;
    return this.passing(handOver({ store: shelf, peers, clock: this.clock, withinMs }));
  }
}

test('all goes, in order, to the one that had the least to do at first', async () => {
  const scene = new Scene();
  scene.receiver(1).load = 9;
  scene.receiver(2).load = 4;
  const least = scene.receiver(3, async () => {
    least.load += 10;
    // The others hear of it.
    await scene.clock.sleep(600);
  });
  scene.receiver(4).presence.enter('leaving');
  const shelf = new Shelf(5);
  const result = await scene.leave(shelf);
  assert.deepEqual(result, { parcels: 5, bytes: 5 });
  assert.deepEqual(scene.taken.get(3), [0, 1, 2, 3, 4]);
  assert.deepEqual(shelf.parcels, []);
});

test('where there is no room to write all that was accepted, what could go has gone, and that is told', async () => {
  const scene = new Scene();
  scene.receiver(1);
  const shelf = new Shelf(2);
  const left = 'There is no room';
  const parcel = () =>
    shelf.parcels.length > 0 ? shelf.parcel() : Promise.reject(new StoreError('full', left));
  const result = await scene.leave({ parcel, partWith: (each) => shelf.partWith(each) });
  assert.deepEqual(result, { parcels: 2, bytes: 2, left });
});

test('who was here and is not heard just now is waited for, before it is said that nobody is there', async () => {
  const scene = new Scene();
  const receiver = scene.receiver(1);
  await scene.clock.advance(600);
  receiver.stopping.abort();
  await scene.clock.advance(2_500);
  assert.deepEqual(scene.leaver.presence.present(), []);
  const again = new AbortController();
  void scene.clock.sleep(1_500).then(() => receiver.presence.run(again.signal));
  assert.deepEqual(await scene.leave(new Shelf(2)), { parcels: 2, bytes: 2 });
  assert.deepEqual(scene.taken.get(1), [0, 1]);
  again.abort();
});

test('what one refuses goes to another', async () => {
  const scene = new Scene();
  scene.receiver(1, (parcel) => (parcel >= 2 ? Promise.reject(new Error('full')) : Promise.resolve()));
  scene.receiver(2).load = 7;
  assert.equal((await scene.leave(new Shelf(4))).left, undefined);
  assert.deepEqual(
    [scene.taken.get(1), scene.taken.get(2)],
    [
      [0, 1],
      [2, 3],
    ],
  );
});

test('what nobody takes stays, and why is told', async () => {
  const scene = new Scene();
  scene.receiver(1, () => Promise.reject(new Error('there is no room')));
  const shelf = new Shelf(2);
  const { left } = await scene.leave(shelf);
  assert.match(left ?? '', /replica-1: there is no room/);
  assert.equal(shelf.parcels.length, 2);
});

test('with time over, the rest stays', async () => {
  const scene = new Scene();
  scene.receiver(1, () => scene.clock.sleep(400));
  const shelf = new Shelf(9);
  const { left, parcels } = await scene.leave(shelf, 1_000);
  assert.match(left ?? '', /time is over/);
  assert.equal(parcels, 2);
  assert.equal(shelf.parcels.length, 7);
});

test('a parcel whose answer is lost is offered to the same one again, and to nobody else', async () => {
  const scene = new Scene();
  let lost = 2;
  scene.receiver(1, async (parcel) => {
    if (parcel === 0 && lost-- > 0) await scene.clock.sleep(6_000);
  });
  scene.receiver(2).load = 7;
  const result = await scene.leave(new Shelf(2));
  assert.equal(result.left, undefined);
  assert.deepEqual(scene.taken.get(2), []);
});

test('where it cannot be known whether a parcel was taken, it stays, and nobody else gets it', async () => {
  const scene = new Scene();
  const member = scene.receiver(1, () => {
    scene.crash(member);
    return Promise.resolve();
  });
  scene.receiver(2).load = 7;
  const shelf = new Shelf(2);
  const { left } = await scene.leave(shelf);
  assert.match(left ?? '', /not known whether replica-1 took it/);
  assert.equal(shelf.parcels.length, 2);
  assert.deepEqual(scene.taken.get(2), []);
});

test('a receiver that may have a parcel and has no room any more is not offered it for ever', async () => {
  const scene = new Scene();
  let offers = 0;
  scene.receiver(1, async () => {
    offers++;
    if (offers > 1) throw new Error('there is no room');
    await scene.clock.sleep(6_000);
  });
  const shelf = new Shelf(2);
  const startMs = scene.clock.monotonicMs();
  const { left } = await scene.leave(shelf, Number.MAX_SAFE_INTEGER);
  assert.match(left ?? '', /not known whether replica-1 took it: the time is over; last: there is no room/);
  assert.ok(scene.clock.monotonicMs() - startMs < 70_000);
  assert.ok(offers > 10);
  assert.equal(shelf.parcels.length, 2);
});
