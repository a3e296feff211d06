/**
 * What fairness means with several replicas: each is fair among the callers that it has, and whoever is spread over all of them by the
 * balancer has the same share of all as of one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SliceOrder, SliceOutcome } from '../../engine/engine.ts';
import { drive } from '../drive.ts';
import { Replica } from '../replica.ts';
import { seeded } from '../seeded.ts';
import { NO_CALLBACKS } from '../simulation/no-callbacks.ts';
import { SimulatedEngine } from '../simulation/simulated-engine.ts';
import { Disk, simulatedStore } from '../simulation/simulated-store.ts';
import { World, type Machine } from '../simulation/world.ts';

const REPLICAS = 4;
const SEEDS = [1, 2, 3, 4, 5];

/** Counts the slices of each caller, whose name is in the number: its millions. */
class CountingEngine extends SimulatedEngine {
  readonly slices: Map<number, number>;

  constructor(world: World, machine: Machine, slices: Map<number, number>) {
    super(world, machine);
    this.slices = slices;
  }

  override slice(order: SliceOrder): Promise<SliceOutcome> {
    const caller = Number(order.number / 1_000_000n);
    this.slices.set(caller, (this.slices.get(caller) ?? 0) + 1);
    return super.slice(order);
  }
}

/** Replicas that know nothing of each other, and a balancer in front of them. */
class Spread {
  readonly slices = new Map<number, number>();
  readonly #replicas: { readonly world: World; readonly replica: Replica }[] = [];
  #next = 1;

  async open(seed: number): Promise<void> {
    for (let shard = 0; shard < REPLICAS; shard++) {
      const world = new World(seeded(seed * 100 + shard));
      const machine = world.boot();
      const replica = new Replica({
        store: simulatedStore(machine, new Disk(), () => false, shard),
        shard,
        engine: new CountingEngine(world, machine, this.slices),
        kernel: { isSmall: () => false, memoryPages: () => 1 },
        expectedCpuMs: () => 300,
        clock: world.clock,
        jobCpuMsMax: 10_000,
        parkedBytesMax: 64 * 65_536,
        storeBytesMax: 2 ** 30,
        retentionMs: 86_400_000,
        weights: new Map(),
        callbacks: NO_CALLBACKS,
        onFatal: (error) => {
          throw error;
        },
      });
      await drive(world, replica.start());
      this.#replicas.push({ world, replica });
    }
  }

  /** Requests of a caller come in, one after the other at the replicas that the balancer chooses for them. */
  async submit(caller: number, count: number, choose: (i: number) => number): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) {
      const { world, replica } = this.#at(choose(i));
      const number = BigInt(caller * 1_000_000 + this.#next++);
      const accepted = replica.accept({ callerId: `caller-${caller}`, mode: 'queued', numbers: [number] });
      const result = await drive(world, accepted);
      assert(result.kind === 'accepted');
      ids.push(result.requests[0]?.requestId ?? '');
    }
    return ids;
  }

  async work(steps: number): Promise<void> {
    this.slices.clear();
    for (let i = 0; i < steps; i++) for (const { world } of this.#replicas) await world.step();
  }

  async statusOf(id: string, at: number): Promise<string | undefined> {
    const { world, replica } = this.#at(at);
    return (await drive(world, replica.lookUp(id)))?.status;
  }

  #at(i: number): { readonly world: World; readonly replica: Replica } {
    const found = this.#replicas[i];
    assert(found);
    return found;
  }
}

const everywhere = (i: number): number => i % REPLICAS;

test('callers that are spread over all replicas share all of them equally, whatever each has submitted', async () => {
  for (const seed of SEEDS) {
    const spread = new Spread();
    await spread.open(seed);
    await spread.submit(1, 400, everywhere);
    await spread.submit(2, 80, everywhere);
    await spread.work(400);
    const [first = 0, second = 0] = [spread.slices.get(1), spread.slices.get(2)];
    assert.ok(
      Math.abs(first - second) < 0.1 * (first + second),
      `seed ${seed}: ${first} and ${second} slices`,
    );
  }
});

test('a small request passes the backlog of another caller, at whichever replica it comes in', async () => {
  for (const seed of SEEDS) {
    const spread = new Spread();
    await spread.open(seed);
    await spread.submit(1, 500, everywhere);
    await spread.work(40);
    for (let at = 0; at < REPLICAS; at++) {
      const [id = ''] = await spread.submit(2, 1, () => at);
      let steps = 0;
      while ((await spread.statusOf(id, at)) !== 'done') {
        await spread.work(1);
        assert.ok(++steps < 150, `seed ${seed}: it waits for the others`);
      }
    }
  }
});

test('a caller that only one replica has gets its share of that one, not of all', async () => {
  const spread = new Spread();
  await spread.open(1);
  await spread.submit(1, 400, everywhere);
  await spread.submit(2, 80, () => 0);
  await spread.work(400);
  const [first = 0, second = 0] = [spread.slices.get(1), spread.slices.get(2)];
  const share = second / (first + second);
  assert.ok(share > 0.09 && share < 0.16, `an eighth of all: ${share.toFixed(3)}`);
});
