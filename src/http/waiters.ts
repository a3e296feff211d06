/**
 * The requests held open by long-polls, inline waits and event streams.
 *
 * Invariants:
 *   W1. At most `max` are open at once, and nobody has more than are free; whoever comes beyond is answered at once.
 *   W2. Every one ends, and takes no place any more, when its client goes away; and all end when the server closes.
 */
import type { FastifyReply } from 'fastify';
import { SharedPlaces } from '../base/shared-places.ts';
import { holderOf, type Asking } from './holder-of.ts';

export interface Waiter {
  /** Aborts when the client has gone or the server closes. */
  readonly signal: AbortSignal;
  /** To be called when the waiting is over; twice does no harm. */
  leave(): void;
}

export class Waiters {
  readonly #places: SharedPlaces;
  readonly #open = new Set<AbortController>();
  #closing = false;

  constructor(max: number) {
    this.#places = new SharedPlaces(max);
  }

  get size(): number {
    return this.#open.size;
  }

  /** A place for the client of `request`, or undefined if there is none for it. */
  enter(request: Asking, { raw: response }: Pick<FastifyReply, 'raw'>): Waiter | undefined {
    const holder = holderOf(request);
    if (this.#closing || !this.#places.take(holder)) return undefined;
    const controller = new AbortController();
    const free = (): void => {
      if (this.#open.delete(controller)) this.#places.giveBack(holder);
    };
    const gone = (): void => {
      free();
      controller.abort();
    };
    this.#open.add(controller);
    // It may have gone while the request was looked up; then no event will tell.
    if (response.destroyed) gone();
    else response.once('close', gone);
    return {
      signal: controller.signal,
      leave: () => {
        free();
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
