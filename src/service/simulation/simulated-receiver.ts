/**
 * Whoever is called back in a simulation: answers well or badly, as the world has it, and remembers what it was told. Says at once if
 * it is told of an end that is not on the disk.
 */
import { assert } from '../../base/assert.ts';
import type { CallbackOutcome } from '../../callbacks/callback-outcome.ts';
import type { Callback } from '../callback.ts';
import type { Disk } from './simulated-store.ts';
import type { Machine, World } from './world.ts';

/** Calls that may arrive in any order. */
const LINES = 4;
const ANSWERS = [200, 500, 502, 404, 429];

/** What it was told under one id, and how often it said that it had it. */
export interface Told {
  readonly seq: number;
  readonly status: string;
  taken: number;
}

export class SimulatedReceiver {
  readonly #world: World;
  readonly #disk: Disk;
  readonly told = new Map<string, Told>();
  /** How often it answers badly. */
  badness = 0;

  constructor(world: World, disk: Disk) {
    this.#world = world;
    this.#disk = disk;
  }

  call(machine: Machine, { id, request }: Callback): Promise<CallbackOutcome> {
    const { status } = request;
    const [, sequence = ''] = id.split('_');
    const end = this.#disk.callbacks.find(
      (other) => other.callerId === request.callerId && other.sequence === Number(sequence),
    );
    assert(end?.state.kind === status, `Callback ${id} says ${status}, the disk says ${end?.state.kind}`);
    return machine.begin(`endpoint ${this.#world.upTo(LINES)}`, () => {
      const told = this.told.get(id) ?? { seq: end.seq, status, taken: 0 };
      this.told.set(id, told);
      assert(told.status === status, `Callback ${id} said ${told.status} before, and says ${status} now`);
      const bad = this.#world.chance(this.badness) ? ANSWERS[this.#world.upTo(ANSWERS.length)] : 200;
      if (bad === 200) told.taken++;
      return { kind: 'answered', status: bad ?? 200, retryAfterMs: 0, wireMs: 10 };
    });
  }
}
