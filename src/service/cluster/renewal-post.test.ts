import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextSeq } from '../../domain/request-id.ts';
import type { ValueRenewal } from '../../domain/value.ts';
import { CALLS } from './calls.ts';
import { catchUp } from './catch-up.ts';
import { ManualNetwork, type Member } from './manual-network.ts';

/** Replicas that tell each other of renewals, and keep the value 15. */
class Scene extends ManualNetwork {
  readonly notices: string[] = [];
  #seq = 0;

  start(shard: number): Member {
    const member = this.join(shard);
    const { peers, post, presence, stopping } = member;
    peers.answer(CALLS.renew, async (pending) => {
      await post.takeOver(pending);
      return {};
    });
    peers.answer(CALLS.flush, async ({ shard: to }) => {
      await post.flush(to);
      return {};
    });
    presence.enter('working');
    void post.run(stopping.signal);
    return member;
  }

  async keep({ store }: Member, ttlMs?: number): Promise<void> {
    await store.putValues('', [{ ...this.terms(ttlMs), factors: [] }]);
  }

  /** New terms for 15, from now on. */
  terms(ttlMs?: number): ValueRenewal {
    const nowMs = this.clock.wallMs();
    this.#seq = nextSeq(this.#seq, nowMs, 0);
    return { number: '15', version: this.#seq, ...(ttlMs !== undefined && { expiresAtMs: nowMs + ttlMs }) };
  }

  renew(member: Member, ttlMs?: number): Promise<void> {
    return this.passing(member.post.renew('', [this.terms(ttlMs)]));
  }

  /** When 15 expires there; undefined: never. */
  async expiry({ store }: Member): Promise<number | undefined | 'gone'> {
    const [value] = await store.values('', ['15'], this.clock.wallMs());
    return value ? value.expiresAtMs : 'gone';
  }
}

test('who is here has the new terms when the POST is answered, and nothing is left to be told', async () => {
  const scene = new Scene();
  const [a, b, c] = [scene.start(0), scene.start(1), scene.start(2)];
  for (const member of [a, b, c]) await scene.keep(member, 60_000);
  await scene.clock.advance(100);
  await scene.renew(a);
  assert.deepEqual([await scene.expiry(b), await scene.expiry(c)], [undefined, undefined]);
  assert.deepEqual(await a.store.renewalShards(), []);
});

test('who is away is told once it is here again, however often that fails', async () => {
  const scene = new Scene();
  const [a, b] = [scene.start(0), scene.start(1)];
  await scene.keep(b, 60_000);
  await scene.clock.advance(100);
  scene.crash(b);
  await scene.renew(a);
  assert.deepEqual(await a.store.renewalShards(), [1]);
  await scene.clock.advance(20_000);
  const again = scene.join(1);
  let refusals = 2;
  again.peers.answer(CALLS.renew, async (pending) => {
    if (refusals-- > 0) throw new Error('not now');
    await again.post.takeOver(pending);
    return {};
  });
  await scene.clock.advance(40_000);
  assert.equal(await scene.expiry(again), undefined);
  assert.deepEqual(await a.store.renewalShards(), []);
});

test('before it is ready, one that comes back has what all others kept for it, also what its value had expired for', async () => {
  const scene = new Scene();
  const [a, b, c] = [scene.start(0), scene.start(1), scene.start(2)];
  await scene.keep(b, 5_000);
  await scene.clock.advance(100);
  scene.crash(b);
  await scene.renew(a, 60_000);
  await scene.renew(c);
  await scene.clock.advance(10_000);
  const again = scene.start(1);
  const { peers, bus } = again;
  await scene.passing(
    catchUp({ peers, bus, clock: scene.clock, onNotice: (notice) => scene.notices.push(notice) }),
  );
  assert.equal(await scene.expiry(again), undefined, 'the latest POST decides');
  assert.deepEqual([await a.store.renewalShards(), await c.store.renewalShards()], [[], []]);
  assert.deepEqual(scene.notices, []);
});

test('coming back is bounded: who does not tell is named, and so is a network that is down', async () => {
  const scene = new Scene();
  const [a, b] = [scene.join(0), scene.join(1)];
  b.peers.answer(CALLS.flush, () => new Promise(() => undefined));
  const clock = scene.clock;
  const onNotice = (notice: string): void => void scene.notices.push(notice);
  const startMs = clock.monotonicMs();
  await scene.passing(catchUp({ peers: a.peers, bus: a.bus, clock, onNotice }));
  assert.ok(clock.monotonicMs() - startMs < 12_000);
  assert.match(scene.notices[0] ?? '', /^replica-1 has not told/);
  scene.network.cutOff(0);
  await scene.passing(catchUp({ peers: a.peers, bus: a.bus, clock, onNotice }));
  assert.match(scene.notices[1] ?? '', /cannot be reached/);
});

test('what is kept for a shard that has handed everything over is told to those who may have it', async () => {
  const scene = new Scene();
  const [a, b, c] = [scene.start(0), scene.start(1), scene.start(2)];
  await scene.keep(b, 60_000);
  await scene.clock.advance(100);
  scene.crash(b);
  await scene.renew(a);
  // Meanwhile somebody has claimed its database, and handed over what was in it.
  await scene.keep(c, 60_000);
  const [value] = scene.disks.get(1)?.kept.values.values() ?? [];
  assert.ok(value);
  scene.disks.get(2)?.kept.values.set('\n15', value);
  scene.disks.delete(1);
  await scene.clock.advance(40_000);
  assert.equal(await scene.expiry(c), undefined);
  assert.deepEqual(await a.store.renewalShards(), []);
});

test('a renewal that is not acknowledged in time is answered nevertheless, and told later', async () => {
  const scene = new Scene();
  const [a, b] = [scene.start(0), scene.start(1)];
  await scene.keep(b, 60_000);
  await scene.clock.advance(100);
  scene.network.part([0], [1]);
  const startMs = scene.clock.monotonicMs();
  await scene.renew(a);
  assert.ok(scene.clock.monotonicMs() - startMs <= 700, 'within the time that a POST has');
  assert.notEqual(await scene.expiry(b), undefined);
  scene.network.heal();
  await scene.clock.advance(10_000);
  assert.equal(await scene.expiry(b), undefined);
});

test('one that could not be reached is told at once when it is heard again, however long it was not', async () => {
  const scene = new Scene();
  const [a, b] = [scene.start(0), scene.start(1)];
  await scene.keep(b);
  await scene.clock.advance(100);
  scene.network.part([0], [1]);
  await scene.renew(a, 1_000);
  await scene.clock.advance(60_000);
  assert.equal(await scene.expiry(b), undefined, 'it does not know, and tells a value that is over');
  scene.network.heal();
  while (b.presence.present().length === 0) await scene.clock.advance(1);
  await scene.clock.advance(20);
  assert.equal(await scene.expiry(b), 'gone');
});

test('what one that leaves has handed over is renewed where it arrives later, also where the rest of it stays behind', async () => {
  for (const keepsRest of [false, true]) {
    const scene = new Scene();
    const [a, b, c] = [scene.start(0), scene.start(1), scene.start(2)];
    await scene.keep(b, 60_000);
    await scene.clock.advance(100);
    const [old] = scene.disks.get(1)?.kept.values.values() ?? [];
    assert.ok(old);
    b.presence.enter('leaving');
    await scene.clock.advance(100);
    await scene.renew(a);
    // The parcels with the value were made before: one goes to each that stays, also to the one where the renewal came in.
    for (const heir of [a, c]) heir.disk.kept.values.set('\n15', old);
    await scene.clock.advance(5_000);
    assert.deepEqual(await a.store.renewalShards(), [0, 1, 2], 'nobody is told before all has arrived');
    if (!keepsRest) scene.disks.delete(1);
    b.presence.enter('left');
    scene.crash(b);
    await scene.clock.advance(5_000);
    assert.deepEqual([await scene.expiry(a), await scene.expiry(c)], [undefined, undefined]);
    // What stayed behind is told to its next owner.
    assert.deepEqual(await a.store.renewalShards(), keepsRest ? [1] : []);
  }
});

test('one that comes while another leaves is told when that is gone', async () => {
  const scene = new Scene();
  const [a, b, c] = [scene.start(0), scene.start(1), scene.start(2)];
  await scene.clock.advance(100);
  scene.crash(c);
  b.presence.enter('leaving');
  await scene.clock.advance(3_000);
  await scene.renew(a);
  const again = scene.start(2);
  const { peers, bus } = again;
  const onNotice = (notice: string): void => void scene.notices.push(notice);
  const caughtUp = scene.passing(catchUp({ peers, bus, clock: scene.clock, onNotice }));
  await scene.clock.advance(3_000);
  b.presence.enter('left');
  scene.crash(b);
  await caughtUp;
  assert.deepEqual(scene.notices, []);
  assert.deepEqual(
    (await a.store.renewalShards()).filter((shard) => shard === 2),
    [],
  );
});
