/**
 * An engine for simulations: knows the factors of the numbers that it is given, and takes as many slices for a number as its size
 * says. What it has found of a long one is counted in its state and in its log: one chunk a slice.
 */
import { assert } from '../../base/assert.ts';
import type { Factor } from '../../domain/factorization.ts';
import type { BatchOutcome, Engine, SliceOrder, SliceOutcome } from '../../engine/engine.ts';
import type { Machine, World } from './world.ts';

const WORKERS = 2;
const SLICE_CPU_MS = 50;
/** Of all tasks, these break their thread. */
const BREAKING = 0.02;

interface SimulatedState {
  readonly version: number;
  readonly number: bigint;
  readonly slices: number;
}

/** Slices that a long number takes: 2 to 12. */
function slicesFor(n: bigint): number {
  return 2 + Number(n % 11n);
}

export class SimulatedEngine implements Engine {
  readonly workers = WORKERS;
  readonly #world: World;
  readonly #machine: Machine;
  busy = 0;
  broken = 0;

  constructor(world: World, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  get hasIdle(): boolean {
    return this.busy < WORKERS;
  }

  get hasRoomForBatch(): boolean {
    return this.hasIdle;
  }

  batch(numbers: readonly bigint[]): Promise<BatchOutcome> {
    return this.#run((): BatchOutcome => {
      if (this.#breaks())
        return { kind: 'broke', index: this.#world.upTo(numbers.length), reason: 'simulated' };
      return { kind: 'done', results: numbers.map((n) => ({ factors: factorsOf(n), cpuMs: 1 })) };
    });
  }

  slice({ number, state, log }: SliceOrder): Promise<SliceOutcome> {
    return this.#run((): SliceOutcome => {
      if (this.#breaks()) return { kind: 'broke', reason: 'simulated' };
      const before = (state as SimulatedState | undefined)?.slices ?? log.length;
      const slices = before + 1;
      const finished = slices >= slicesFor(number);
      const next: SimulatedState = { version: 1, number, slices };
      return {
        kind: finished ? 'finished' : 'parked',
        state: next,
        chunks: [Uint8Array.of(slices)],
        progress: { stage: 'siqs', fraction: slices / slicesFor(number) },
        factors: finished ? factorsOf(number) : [{ prime: number, exponent: 1, certainty: 'composite' }],
        cpuMs: SLICE_CPU_MS,
      };
    });
  }

  interrupt(): void {}

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #run<T>(effect: () => T): Promise<T> {
    assert(this.hasIdle, 'No more work than workers');
    this.busy++;
    return this.#machine.begin(`worker ${this.#world.upTo(WORKERS)}`, () => {
      this.busy--;
      return effect();
    });
  }

  #breaks(): boolean {
    const breaks = this.#world.chance(BREAKING);
    if (breaks) this.broken++;
    return breaks;
  }
}

/** Not its primes, for a simulation: one factor that multiplies to it. */
export function factorsOf(n: bigint): Factor[] {
  return n === 1n ? [] : [{ prime: n, exponent: 1, certainty: 'probable' }];
}
