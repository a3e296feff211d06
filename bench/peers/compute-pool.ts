/**
 * The compute threads of the BullMQ peers, and whose turn it is when one becomes free.
 *
 * Work waits in lanes; lanes are taken in turn, and within one the first comes first. With a single lane that is first come
 * first served. A thread gets one number at a time: a second one would wait behind the first, whatever the turns.
 */
import { Worker } from 'node:worker_threads';
import type { ThreadAnswer } from './compute-thread.ts';

interface Waiting {
  readonly number: string;
  readonly resolve: (primes: readonly string[]) => void;
  readonly reject: (reason: Error) => void;
}

export class ComputePool {
  readonly #idle: Worker[];
  /** Only lanes with work waiting; the order of the keys is the order of the turns. */
  readonly #lanes = new Map<string, Waiting[]>();

  constructor(threads: number) {
    this.#idle = Array.from(
      { length: threads },
      () => new Worker(new URL('./compute-thread.ts', import.meta.url)),
    );
  }

  /** The primes of `number`, in decimal, once it was its lane's turn. Rejects if they could not be found. */
  factor(lane: string, number: string): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const waiting = { number, resolve, reject };
      const others = this.#lanes.get(lane);
      if (others) others.push(waiting);
      else this.#lanes.set(lane, [waiting]);
      this.#serve();
    });
  }

  #serve(): void {
    while (this.#idle.length > 0) {
      const next = this.#takeTurn();
      const thread = next && this.#idle.pop();
      if (!thread) return;
      thread.once('message', ({ primes, error }: ThreadAnswer) => {
        this.#idle.push(thread);
        if (primes) next.resolve(primes);
        else next.reject(new Error(error));
        this.#serve();
      });
      thread.postMessage(next.number);
    }
  }

  /** The first of the lane whose turn it is, which goes to the end of the line. */
  #takeTurn(): Waiting | undefined {
    for (const [lane, waiting] of this.#lanes) {
      this.#lanes.delete(lane);
      const [first, ...rest] = waiting;
      if (rest.length > 0) this.#lanes.set(lane, rest);
      return first;
    }
    return undefined;
  }
}
