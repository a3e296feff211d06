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
  /** Not before this time. */
  readonly fromMs: number;
  readonly complete: () => void;
}

const PAUSE_MS_MAX = 1_000;

export class World {
  readonly #random: () => number;
  #sleeps = 0;
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
    // Short sleeps are pauses before another try, and may be over at any time.
    sleep: (ms, signal) =>
      ms < PAUSE_MS_MAX ? this.#begin('timers', () => undefined) : this.#sleep(ms, signal),
    after: (ms, ring) => {
      const operation: Operation = {
        line: `sleep ${++this.#sleeps}`,
        fromMs: this.#nowMs + ms,
        complete: ring,
      };
      this.#operations.push(operation);
      return () => this.#remove(operation);
    },
  };

  /** Nothing happens for `ms`. */
  pass(ms: number): void {
    this.#nowMs += ms;
  }

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
    this.#operations.push({ line, fromMs: 0, complete });
    return promise;
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((wake) => {
      const operation: Operation = {
        line: `sleep ${++this.#sleeps}`,
        fromMs: this.#nowMs + ms,
        complete: wake,
      };
      this.#operations.push(operation);
      signal?.addEventListener('abort', () => {
        this.#remove(operation);
        wake();
      });
    });
  }

  #remove(operation: Operation): void {
    const index = this.#operations.indexOf(operation);
    if (index !== -1) this.#operations.splice(index, 1);
  }

  /** Completes one operation and lets everything follow that follows from it. False if there is none before more time passes. */
  async step(): Promise<boolean> {
    this.#nowMs += this.upTo(40);
    const possible = this.#operations.filter(({ fromMs }) => fromMs <= this.#nowMs);
    const lines = [...new Set(possible.map(({ line }) => line))];
    const line = lines[this.upTo(lines.length)];
    const operation = possible.find((other) => other.line === line);
    if (operation) this.#remove(operation);
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
