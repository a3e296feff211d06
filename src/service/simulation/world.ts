/**
 * What the parts of a simulated replica wait for: operations that are under way, each completed when the simulation says so, in
 * an order drawn from a seed. Time is turned by hand.
 */
import type { Clock } from '../../base/clock.ts';

export interface Machine {
  /** Something has begun; it takes effect when it completes. */
  begin<T>(line: string, effect: () => T): Promise<T>;
}

interface Operation {
  /** Operations of one line complete in the order in which they were begun; those of different lines in any. */
  readonly line: string;
  readonly complete: () => void;
}

export class World {
  readonly #random: () => number;
  #operations: Operation[] = [];
  #machine: Machine | undefined;
  #nowMs = Date.UTC(2026, 5, 1);

  /** `random`: numbers in [0, 1), from a seed. */
  constructor(random: () => number) {
    this.#random = random;
  }

  readonly clock: Clock = {
    wallMs: () => this.#nowMs,
    monotonicMs: () => this.#nowMs,
    // Long sleeps never end: nothing here waits for them. Short ones are pauses before another try.
    sleep: (ms) => (ms < 1_000 ? this.#begin('timers', () => undefined) : new Promise(() => undefined)),
  };

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** A whole number from 0 to `below` - 1. */
  upTo(below: number): number {
    return Math.floor(this.#random() * below);
  }

  /** A process that lives until the next crash: what it begins after that never happens. */
  boot(): Machine {
    const machine: Machine = {
      begin: (line, effect) =>
        this.#machine === machine ? this.#begin(line, effect) : new Promise(() => undefined),
    };
    this.#machine = machine;
    return machine;
  }

  #begin<T>(line: string, effect: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const complete = (): void => {
      try {
        resolve(effect());
      } catch (error) {
        reject(error);
      }
    };
    this.#operations.push({ line, complete });
    return promise;
  }

  /** Completes one operation and lets everything follow that follows from it. False if there is none. */
  async step(): Promise<boolean> {
    this.#nowMs += this.upTo(40);
    const lines = [...new Set(this.#operations.map(({ line }) => line))];
    const line = lines[this.upTo(lines.length)];
    const index = this.#operations.findIndex((operation) => operation.line === line);
    const [operation] = index === -1 ? [] : this.#operations.splice(index, 1);
    operation?.complete();
    // Twice: what follows may itself wait for the end of this turn.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    return operation !== undefined;
  }

  /** The power goes: what was under way in the store may have taken effect in part, in order, but nobody is told any more. */
  crash(): void {
    this.#machine = undefined;
    const storing = this.#operations.filter(({ line }) => line === 'store');
    for (const { complete } of storing.slice(0, this.upTo(storing.length + 1))) complete();
    this.#operations = [];
  }
}
