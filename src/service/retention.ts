/** Deletes what is past retention, in small steps with pauses between, so that nobody notices. */
import type { Clock } from '../base/clock.ts';
import type { Store } from '../store/store.ts';
import { untilRoom } from './patience.ts';

export interface RetentionOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly retentionMs: number;
  /** Above this size what is oldest goes before its time: idle logs, keys, ended requests, known numbers; of answers none within `ANSWER_MS_MIN`. */
  readonly bytesMax: number;
}

const EVERY_MS = 30_000;
const BETWEEN_STEPS_MS = 20;

export class Retention {
  readonly #options: RetentionOptions;
  #nap = new AbortController();

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Runs until `signal` aborts. Rejects with what the store rejects with. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, clock, retentionMs, bytesMax } = this.#options;
    while (!signal.aborted) {
      this.#nap = new AbortController();
      const nowMs = clock.wallMs();
      const limits = { endedBeforeMs: nowMs - retentionMs, nowMs, bytesMax };
      const deleted = await untilRoom(() => store.prune(limits), clock, signal);
      await clock.sleep(BETWEEN_STEPS_MS, signal);
      if (deleted === 0) await clock.sleep(EVERY_MS, AbortSignal.any([signal, this.#nap.signal]));
    }
  }

  /** Something was refused for want of room: there may be something to delete now. */
  hurry(): void {
    this.#nap.abort();
  }
}
