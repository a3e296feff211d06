/**
 * The requests held open by long-polls, inline waits and event streams.
 *
 * Invariants:
 *   W1. At most `max` are open at once; whoever comes beyond is answered at once.
 *   W2. Every one ends, and takes no place any more, when its client goes away; and all end when the server closes.
 */
import type { ServerResponse } from 'node:http';

export interface Waiter {
  /** Aborts when the client has gone or the server closes. */
  readonly signal: AbortSignal;
  /** To be called when the waiting is over; twice does no harm. */
  leave(): void;
}

export class Waiters {
  readonly #max: number;
  readonly #open = new Set<AbortController>();
  #closing = false;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#open.size;
  }

  /** A place for the client behind `response`, or undefined if there is none. */
  enter(response: ServerResponse): Waiter | undefined {
    if (this.#closing || this.#open.size >= this.#max) return undefined;
    const controller = new AbortController();
    const gone = (): void => {
      this.#open.delete(controller);
      controller.abort();
    };
    this.#open.add(controller);
    // It may have gone while the request was looked up; then no event will tell.
    if (response.destroyed) gone();
    else response.once('close', gone);
    return {
      signal: controller.signal,
      leave: () => {
        this.#open.delete(controller);
        response.off('close', gone);
      },
    };
  }

  /** Ends all waiting; those who wait answer with what there is now. */
  close(): void {
    this.#closing = true;
    for (const controller of this.#open) controller.abort();
  }
}
