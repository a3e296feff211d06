/**
 * One idempotency key, submitted again and again at several replicas that are all alive, with messages and commits in any order that a
 * seed draws.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallerKey } from '../../store/store.ts';
import { seeded } from '../seeded.ts';
import { KeyAgreement } from './key-agreement.ts';

const SEEDS = Array.from({ length: 1_500 }, (_, i) => i + 1);
const KEY: CallerKey = { callerId: 'acme', key: 'k' };

/** What is under way, completed one by one in an order drawn from a seed. */
class World {
  readonly random: () => number;
  readonly #underWay: (() => void)[] = [];

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  /** Takes a while. */
  pass(): Promise<void> {
    return new Promise((resolve) => this.#underWay.push(resolve));
  }

  async step(): Promise<boolean> {
    const [complete] = this.#underWay.splice(Math.floor(this.random() * this.#underWay.length), 1);
    complete?.();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    return this.#underWay.length > 0;
  }
}

class Replica {
  readonly agreement: KeyAgreement;
  readonly #world: World;
  readonly #all: readonly Replica[];
  readonly #refuses: number;
  /** What was accepted here under the key. */
  made: number[] = [];
  /** How often a submission that came here had been sent on before, at most. */
  forwardsMax = 0;

  constructor(world: World, shard: number, all: readonly Replica[], refuses: number) {
    this.#world = world;
    this.#all = all;
    this.#refuses = refuses;
    this.agreement = new KeyAgreement({
      shard,
      holds: async () => {
        await world.pass();
        return [this.made.length > 0];
      },
      askOthers: async (keys) => {
        const answers = new Map<number, readonly boolean[]>();
        const ask = async (other: Replica, at: number): Promise<void> => {
          await world.pass();
          const held = await other.agreement.held(shard, keys);
          await world.pass();
          answers.set(at, held);
        };
        await Promise.all(
          [...all.entries()].filter(([at]) => at !== shard).map(([at, other]) => ask(other, at)),
        );
        return answers;
      },
    });
  }

  /** The set that the key stands for; undefined where it was refused, and nothing was made. */
  async submit(forwards = 0): Promise<number | undefined> {
    this.forwardsMax = Math.max(this.forwardsMax, forwards);
    return this.agreement.settle(
      KEY,
      async () => {
        await this.#world.pass();
        // The store knows the key from the moment on in which it is written.
        if (this.made.length === 0) {
          if (this.#world.random() < this.#refuses) return undefined;
          this.made.push(Math.floor(this.#world.random() * 2 ** 40));
        }
        await this.#world.pass();
        return this.made[0];
      },
      async (shard) => {
        await this.#world.pass();
        const made = await this.#all[shard]?.submit(forwards + 1);
        await this.#world.pass();
        return made;
      },
    );
  }
}

for (const [what, refuses] of [
  ['', 0],
  [' though acceptance is refused now and then', 0.4],
] as const)
  test(`one key gives one set of requests, wherever and whenever it is submitted${what}`, async () => {
    for (const seed of SEEDS) {
      const world = new World(seed);
      const replicas: Replica[] = [];
      const count = 2 + Math.floor(world.random() * 4);
      for (let shard = 0; shard < count; shard++) replicas.push(new Replica(world, shard, replicas, refuses));
      const told = new Set<number | undefined>();
      let answers = 0;
      let submissions = 0;
      for (let step = 0; ; step++) {
        if (submissions < 8 && world.random() < 0.3) {
          submissions++;
          const replica = replicas[Math.floor(world.random() * count)];
          const submit = async (): Promise<void> => {
            told.add(await replica?.submit());
            answers++;
          };
          void submit();
        }
        if (!(await world.step()) && submissions === 8) break;
        assert.ok(step < 5_000, `seed ${seed}: it comes to an end`);
      }
      const made = replicas.flatMap((replica) => replica.made);
      assert.equal(answers, submissions, `seed ${seed}: every submission is answered`);
      assert.ok(made.length <= 1, `seed ${seed}: ${made.length} sets were made`);
      told.delete(undefined);
      assert.deepEqual([...told], made, `seed ${seed}: all were told of the one`);
      if (refuses > 0) continue;
      assert.equal(made.length, 1, `seed ${seed}: it was accepted`);
      const forwards = Math.max(...replicas.map(({ forwardsMax }) => forwardsMax));
      assert.ok(forwards < count, `seed ${seed}: nobody is sent in a circle`);
    }
  });
