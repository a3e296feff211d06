/**
 * A replica on a simulated disk, with simulated workers and a clock turned by hand, through thousands of steps and crashes in an
 * order drawn from a seed. A failure names its seed and repeats exactly.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factorsOf, SimulatedEngine } from './simulation/simulated-engine.ts';
import { SimulatedReceiver } from './simulation/simulated-receiver.ts';
import { Disk, simulatedStore } from './simulation/simulated-store.ts';
import { World } from './simulation/world.ts';
import { formatRequestId } from '../domain/request-id.ts';
import { drive } from './drive.ts';
import { Replica } from './replica.ts';
import { seeded } from './seeded.ts';

const SEEDS = Array.from({ length: 60 }, (_, i) => i + 1);
const STEPS = 400;
const CALLERS = ['acme', 'globex', 'initech', 'umbrella'];
const URLS = ['https://a.example/', 'https://b.example/done', 'https://c.example/'];
/** Long enough for a receiver to become well again. */
const RETRIES = { delaysMs: [...Array.from({ length: 12 }, () => 1_500), 86_400_000] };

class Simulation {
  readonly world: World;
  readonly disk = new Disk();
  /** What a caller was told of: accepted, and how it ended as far as it was ever told. */
  readonly told = new Map<string, string>();
  readonly faults: unknown[] = [];
  /** How often the disk refuses: it fills up now and then, and has room at the end. */
  fullness = 0;
  readonly receiver: SimulatedReceiver;
  /** What may have a callback taken more than once. */
  crashes = 0;
  readonly sentAgain = new Set<string>();
  replica!: Replica;

  constructor(seed: number) {
    this.world = new World(seeded(seed));
    this.receiver = new SimulatedReceiver(this.world, this.disk);
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
      callbacks: {
        send: (call) => this.receiver.call(machine, call),
        settings: { retries: RETRIES, attemptsMax: 6, attemptsPerHostMax: 3, rateOf: () => undefined },
        random: () => this.world.upTo(1_000) / 1_000,
        busyShare: () => 0,
      },
      loadedMax: 8,
      onFatal: (error) => this.faults.push(error),
    });
    await drive(this.world, this.replica.start());
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
      const called = world.chance(0.5);
      const url = URLS[world.upTo(URLS.length)] ?? '';
      void this.replica
        .accept({ callerId, numbers, ...(called ? { mode: 'async', callbackUrl: url } : { mode: 'queued' }) })
        .then((result) => result.kind === 'accepted' && result.requests.forEach(note));
    } else if (world.chance(0.1)) {
      void this.replica.cancel(id).then((result) => 'request' in result && note(result.request));
    } else if (world.chance(0.15)) {
      this.sentAgain.add(id);
      void this.replica.redeliver(id).then((result) => 'request' in result && note(result.request));
    } else if (world.chance(0.3)) {
      void this.replica.resume(id).then((result) => 'request' in result && note(result.request));
    } else {
      void this.replica.lookUp(id).then(note);
    }
  }

  async crash(): Promise<void> {
    this.crashes++;
    this.world.crash();
    await this.open();
  }

  /** Until nothing is left to be done, however late. */
  async settle(): Promise<void> {
    while (await this.world.step());
    for (let i = 0; i < 200 && CALLERS.some((callerId) => this.disk.due(callerId).length > 0); i++) {
      this.world.pass(60_000);
      while (await this.world.step());
    }
  }
}

test('through crashes at any point nothing accepted is lost, and everything ends once and right', async () => {
  for (const seed of SEEDS) {
    const simulation = new Simulation(seed);
    const { world, disk, told } = simulation;
    await simulation.open();
    for (let i = 0; i < STEPS; i++) {
      if (i < STEPS / 2 && world.chance(0.3)) simulation.act();
      if (world.chance(0.02)) simulation.fullness = world.chance(0.5) ? 0 : 0.5;
      if (world.chance(0.02)) simulation.receiver.badness = world.chance(0.5) ? 0 : 0.6;
      if (world.chance(0.01)) await simulation.crash();
      await world.step();
    }
    simulation.fullness = 0;
    simulation.receiver.badness = 0;
    await simulation.settle();

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
    assertCalledBack(simulation, seed);
    assert.equal(simulation.replica.stats().waiting, 0, `seed ${seed}: nothing is left in memory`);
    assert.equal(simulation.replica.stats().loaded, 0, `seed ${seed}: nothing is left in the scheduler`);
    assert.equal(simulation.replica.stats().placeBytes, 0, `seed ${seed}: every place is free`);
    const { callbacks } = simulation.replica.stats();
    assert.deepEqual(callbacks, { waiting: 0, underWay: 0 }, `seed ${seed}: no callback is left in memory`);
  }
});

/** Every end of a request with a callback URL was told, under its number; that it was not told before is seen to by the receiver. */
function assertCalledBack({ disk, receiver, crashes, sentAgain }: Simulation, seed: number): void {
  const called = [...disk.requests.values()].filter(({ callbackUrl }) => callbackUrl !== undefined);
  const seqs = new Set(called.map(({ seq }) => seq));
  assert.deepEqual(
    disk.callbacks.map(({ seq, state }) => ({ seq, state })),
    disk.ends.filter(({ seq }) => seqs.has(seq)),
    `seed ${seed}: every end of those is numbered, and no other`,
  );
  for (const { seq, token, state, delivery } of called) {
    assert.equal(delivery?.status, 'delivered', `seed ${seed}: request ${seq} is called back`);
    const requestId = formatRequestId({ seq, token });
    const told = receiver.told.get(`${requestId}_${delivery.sequence}`);
    assert.equal(told?.status, state.kind, `seed ${seed}: request ${seq} is told as it ended`);
    assert.ok(told.taken >= 1, `seed ${seed}: the receiver of request ${seq} has it`);
    if (crashes === 0 && !sentAgain.has(requestId))
      assert.equal(told.taken, 1, `seed ${seed}: request ${seq} is told twice without need`);
  }
}
