/** Ends on their way to the disk, as the callers of a replica meet them: on a simulated disk, with simulated workers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMIT_ROWS_MAX } from '../domain/limits.ts';
import { StoreError } from '../store/store.ts';
import { drive } from './drive.ts';
import { Replica } from './replica.ts';
import { seeded } from './seeded.ts';
import { NO_CALLBACKS } from './simulation/no-callbacks.ts';
import { SimulatedEngine } from './simulation/simulated-engine.ts';
import { Disk, simulatedStore } from './simulation/simulated-store.ts';
import { World } from './simulation/world.ts';

interface Opened {
  readonly world: World;
  readonly disk: Disk;
  readonly replica: Replica;
  /** To be set while the disk has no room for ends. */
  readonly room: { isFull: boolean };
  /** Requests that were ended by each commit. */
  readonly commits: number[];
}

async function open(): Promise<Opened> {
  const world = new World(seeded(1));
  const machine = world.boot();
  const disk = new Disk();
  const room = { isFull: false };
  const store = simulatedStore(machine, disk, () => false);
  const commits: number[] = [];
  const replica = new Replica({
    store: {
      ...store,
      finish: async (jobs) => {
        if (room.isFull) throw new StoreError('full', 'simulated');
        const ended = await store.finish(jobs);
        commits.push(ended.size);
        return ended;
      },
    },
    engine: new SimulatedEngine(world, machine),
    kernel: { isSmall: (n) => n < 1_000_000n, memoryPages: () => 1 },
    expectedCpuMs: (n) => (n < 1_000_000n ? 1 : 200),
    clock: world.clock,
    jobCpuMsMax: 100_000,
    parkedBytesMax: 2 ** 20,
    storeBytesMax: 2 ** 30,
    retentionMs: 86_400_000,
    weights: new Map(),
    callbacks: NO_CALLBACKS,
    onFatal: (error) => {
      throw error;
    },
  });
  await drive(world, replica.start());
  return { world, disk, replica, room, commits };
}

/** Has `count` requests of each caller accepted, for the numbers that `numberOf` gives to their indices. */
async function submit(
  { world, replica }: Opened,
  callers: number,
  count: number,
  numberOf: (i: number) => bigint,
): Promise<void> {
  for (let caller = 0; caller < callers; caller++) {
    const numbers = Array.from({ length: count }, (_, i) => numberOf(caller * count + i));
    const accepted = await drive(
      world,
      replica.accept({ callerId: `caller ${caller}`, mode: 'queued', numbers }),
    );
    assert.equal(accepted.kind, 'accepted');
  }
}

test('while the disk has no room for ends no new work starts, and when it has, everything goes on by itself', async () => {
  const opened = await open();
  const { world, disk, replica, room } = opened;
  room.isFull = true;
  await submit(opened, 12, 500, (i) => BigInt(i + 2));
  const isHeldBack = (): boolean => !replica.readiness().ready && replica.stats().busyWorkers === 0;
  for (let steps = 0; !isHeldBack() && steps < 20_000; steps++) await world.step();
  assert.deepEqual(replica.readiness().reasons, ['the store has no room for results']);
  const { loaded } = replica.stats();
  assert.ok(loaded > 1_000, `${loaded} of 6,000 wait for their turn`);
  for (let steps = 0; steps < 1_000; steps++) {
    await world.step();
    assert.equal(replica.stats().busyWorkers, 0);
    assert.equal(replica.stats().loaded, loaded);
  }
  assert.equal(disk.ends.length, 0);

  room.isFull = false;
  while (await world.step());
  assert.equal(replica.stats().ended.done, 6_000);
  assert.equal(replica.stats().waiting, 0);
  assert.deepEqual(replica.readiness().reasons, []);
});

test('thousands of requests for one number end together, each once, in commits that hold up nobody', async () => {
  const opened = await open();
  const { world, disk, replica, commits } = opened;
  await submit(opened, 5, 500, () => 1_000_003n);
  while (await world.step());
  assert.equal(replica.stats().ended.done, 2_500);
  assert.equal(new Set(disk.ends.map(({ seq }) => seq)).size, 2_500);
  assert.equal(disk.ends.length, 2_500);
  assert.deepEqual(
    commits.filter((rows) => rows > 0),
    [COMMIT_ROWS_MAX, COMMIT_ROWS_MAX, 500],
  );
});
