/**
 * Tells other replicas of the terms of requests that are accepted. Nothing can take back what was accepted, so where telling fails it
 * is tried again and again, while the client is answered.
 */
import type { Clock } from '../base/clock.ts';
import { UnderWay } from '../base/under-way.ts';
import { COMMIT_ROWS_MAX } from '../domain/limits.ts';
import type { ValueRenewal } from '../domain/value.ts';
import { StoreError, type ValueScope } from '../store/store.ts';
import type { Renewals } from './renewals.ts';
import { UnavailableError } from './unavailable-error.ts';

export interface TellingParts {
  readonly renewals: Renewals;
  readonly clock: Clock;
  /** Ends the trying. */
  readonly closing: AbortSignal;
  readonly onFatal: (error: unknown) => void;
}

const RETRY_MS = 500;
/** Terms to be tried again, at up to a KiB each, from which on nothing should be accepted that adds to them. */
const UNTOLD_MAX = 50_000;

export class Telling {
  readonly #parts: TellingParts;
  readonly #underWay = new UnderWay();
  #untold = 0;

  constructor(parts: TellingParts) {
    this.#parts = parts;
  }

  /** Whether so much is still to be told that nothing more should be accepted. */
  get isCongested(): boolean {
    return this.#untold > UNTOLD_MAX;
  }

  /** Resolves when all others have been told or are sure to be, or after a first attempt that failed for now. */
  async tell(scope: ValueScope, terms: readonly ValueRenewal[]): Promise<void> {
    // Whoever stops waits for it, also where nobody else does.
    await this.#underWay.add(Promise.all(pieces(terms).map((piece) => this.#tell(scope, piece))));
  }

  /** Resolves when nothing is told any more: soon, once `closing` has aborted. */
  idle(): Promise<void> {
    return this.#underWay.idle();
  }

  async #tell(scope: ValueScope, piece: readonly ValueRenewal[]): Promise<void> {
    const { renewals, onFatal } = this.#parts;
    try {
      await renewals.renew(scope, piece);
    } catch (error) {
      if (!passes(error)) throw error;
      this.#untold += piece.length;
      const telling = this.#tellLater(scope, piece).catch(onFatal);
      void this.#underWay.add(telling).then(() => (this.#untold -= piece.length));
    }
  }

  async #tellLater(scope: ValueScope, piece: readonly ValueRenewal[]): Promise<void> {
    const { renewals, clock, closing } = this.#parts;
    for (;;) {
      await clock.sleep(RETRY_MS, closing);
      if (closing.aborted) return;
      try {
        await renewals.renew(scope, piece);
        return;
      } catch (error) {
        if (!passes(error)) throw error;
      }
    }
  }
}

/** As many as can be told or kept at once. */
export function pieces<T>(items: readonly T[]): T[][] {
  const list: T[][] = [];
  for (let i = 0; i < items.length; i += COMMIT_ROWS_MAX) list.push(items.slice(i, i + COMMIT_ROWS_MAX));
  return list;
}

function passes(error: unknown): boolean {
  return error instanceof UnavailableError || (error instanceof StoreError && error.retryable);
}
