/** Remembers that the store refused for want of room, until it has some again; meanwhile the replica is not ready. */
import type { Clock } from '../base/clock.ts';
import type { Store } from '../store/store.ts';
import { untilRoom } from './patience.ts';
import type { Retention } from './retention.ts';

export interface RoomWatchParts {
  readonly store: Pick<Store, 'stats'>;
  readonly clock: Clock;
  readonly retention: Pick<Retention, 'hurry'>;
  /** Ends the watching. */
  readonly closing: AbortSignal;
  readonly onFatal: (error: unknown) => void;
}

/** How often it is looked whether there is room again. */
const LOOK_EVERY_MS = 500;

export class RoomWatch {
  readonly #parts: RoomWatchParts;
  #isFull = false;
  #isLooking = false;

  constructor(parts: RoomWatchParts) {
    this.#parts = parts;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** The store had no room for something new: for anything, or for something that large. */
  refused(): void {
    this.#parts.retention.hurry();
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#look().catch(this.#parts.onFatal);
  }

  async #look(): Promise<void> {
    const { store, clock, closing } = this.#parts;
    do {
      const stats = await untilRoom(() => store.stats(), clock, closing);
      this.#isFull = stats?.freeBytes === 0;
      if (this.#isFull) await clock.sleep(LOOK_EVERY_MS, closing);
    } while (this.#isFull && !closing.aborted);
    this.#isLooking = false;
  }
}
