/**
 * A replica on a simulated disk, with simulated workers and a clock turned by hand, through thousands of steps and crashes in an
 * order drawn from a seed. A failure names its seed and repeats exactly.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factorsOf, SimulatedEngine } from './simulation/simulated-engine.ts';
import { Disk, simulatedStore } from './simulation/simulated-store.ts';
import { World } from './simulation/world.ts';
import { Replica } from './replica.ts';

const SEEDS = Array.from({ length: 60 }, (_, i) => i + 1);
const STEPS = 400;
const CALLERS = ['acme', 'globex', 'initech', 'umbrella'];

/** mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Simulation {
  readonly world: World;
  readonly disk = new Disk();
  /** What a caller was told of: accepted, and how it ended as far as it was ever told. */
  readonly told = new Map<string, string>();
  readonly faults: unknown[] = [];
  /** How often the disk refuses: it fills up now and then, and has room at the end. */
  fullness = 0;
  replica!: Replica;

  constructor(seed: number) {
    this.world = new World(seeded(seed));
  }

  async open(): Promise<void> {
    const machine = this.world.boot();
    this.replica = new Replica({
      store: simulatedStore(machine, this.disk, () => this.fullness > 0 && this.world.chance(this.fullness)),
      engine: new SimulatedEngine(this.world, machine),
      kernel: { isSmall: (n) => n < 1_000n, memoryPages: () => 1 },
      expectedCpuMs: (n) => (n < 1_000n ? 1 : n < 5_000n ? 20 : 200),
      clock: this.world.clock,
      jobCpuMsMax: 300,
      parkedBytesMax: 2 * 65_536,
      storeBytesMax: 2 ** 30,
      retentionMs: 86_400_000,
      weights: new Map([['acme', 2]]),
      loadedMax: 8,
      onFatal: (error) => this.faults.push(error),
    });
    const started = this.replica.start();
    while (!(await settledSoon(started))) await this.world.step();
  }

  /** Begins something that a client might do; what it is told is noted when it is told. */
  act(): void {
    const { world, told } = this;
    const ids = [...told.keys()];
    const id = ids[world.upTo(ids.length)];
    const note = (view: { requestId: string; status: string } | undefined): void => {
      if (!view) return;
      const before = told.get(view.requestId);
      const ended = view.status !== 'queued' && view.status !== 'running';
      // A partial one may go on; every other end is the last.
      if (before !== undefined && before !== '' && before !== 'partial') assert.equal(view.status, before);
      told.set(view.requestId, ended ? view.status : (before ?? ''));
    };
    if (id === undefined || world.chance(0.4)) {
      const callerId = CALLERS[world.upTo(CALLERS.length)] ?? '';
      const numbers = Array.from({ length: 1 + world.upTo(world.chance(0.1) ? 30 : 4) }, () =>
        BigInt(2 + world.upTo(world.chance(0.5) ? 900 : 9_000)),
      );
      void this.replica
        .accept({ callerId, mode: 'queued', numbers })
        .then((result) => result.kind === 'accepted' && result.requests.forEach(note));
    } else if (world.chance(0.1)) {
      void this.replica.cancel(id).then((result) => 'request' in result && note(result.request));
    } else if (world.chance(0.3)) {
      void this.replica.resume(id).then((result) => 'request' in result && note(result.request));
    } else {
      void this.replica.lookUp(id).then(note);
    }
  }

  async crash(): Promise<void> {
    this.world.crash();
    await this.open();
  }
}

async function settledSoon(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([
    promise.then(() => true),
    new Promise<boolean>((resolve) => setImmediate(resolve, false)),
  ]);
}

test('through crashes at any point nothing accepted is lost, and everything ends once and right', async () => {
  for (const seed of SEEDS) {
    const simulation = new Simulation(seed);
    const { world, disk, told } = simulation;
    await simulation.open();
    for (let i = 0; i < STEPS; i++) {
      if (i < STEPS / 2 && world.chance(0.3)) simulation.act();
      if (world.chance(0.02)) simulation.fullness = world.chance(0.5) ? 0 : 0.5;
      if (world.chance(0.01)) await simulation.crash();
      await world.step();
    }
    simulation.fullness = 0;
    while (await world.step());

    assert.deepEqual(simulation.faults, [], `seed ${seed}`);
    const requests = [...disk.requests.values()];
    const waiting = requests.filter(({ state }) => state.kind === 'queued');
    assert.deepEqual(waiting, [], `seed ${seed}: everything ends`);
    for (const [id, status] of told) {
      const view = await drive(world, simulation.replica.lookUp(id));
      assert.ok(view, `seed ${seed}: ${id} is there`);
      if (status !== '' && status !== 'partial')
        assert.equal(view.status, status, `seed ${seed}: ${id} ends once`);
      if (view.status === 'done')
        assert.deepEqual(view.factors, factorsOf(BigInt(view.number)), `seed ${seed}: ${id}`);
    }
    const ends = disk.ends.filter(({ state }) => state.kind !== 'partial').map(({ seq }) => seq);
    assert.equal(new Set(ends).size, ends.length, `seed ${seed}: no request ends twice`);
    assert.equal(simulation.replica.stats().waiting, 0, `seed ${seed}: nothing is left in memory`);
    assert.equal(simulation.replica.stats().loaded, 0, `seed ${seed}: nothing is left in the scheduler`);
    assert.equal(simulation.replica.stats().placeBytes, 0, `seed ${seed}: every place is free`);
  }
});

async function drive<T>(world: World, promise: Promise<T>): Promise<T> {
  while (!(await settledSoon(promise))) await world.step();
  return promise;
}
