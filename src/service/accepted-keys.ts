/**
 * The idempotency keys accepted last, so that a repetition is told from something new where a quota is used up: a client that got no
 * answer must get it then, too.
 *
 * Only the store knows which keys stand for what; a key that is not remembered here (since a restart, or since too many others came)
 * is charged like a new one, and refunded once the store has told that it is not.
 */
import type { Clock } from '../base/clock.ts';
import { RecentMap } from '../base/recent-map.ts';
import { IDEMPOTENCY_TTL_MS } from '../domain/limits.ts';
import type { StoredRequest } from '../domain/request.ts';
import type { AcceptInput } from './service.ts';

export interface AcceptedKeyParts {
  readonly clock: Pick<Clock, 'wallMs'>;
  /** The request of a sequence number, as long as it is kept. */
  readonly find: (seq: number) => Promise<StoredRequest | undefined>;
}

/** The last half of these is remembered for sure, at about half a KiB each at most. */
const KEYS_MAX = 20_000;

type Keyed = Pick<AcceptInput, 'callerId' | 'idempotency'>;

export class AcceptedKeys {
  readonly #parts: AcceptedKeyParts;
  /** The sequence number of the first request that each stands for. */
  readonly #first = new RecentMap<string, number>(KEYS_MAX);

  constructor(parts: AcceptedKeyParts) {
    this.#parts = parts;
  }

  /** Notes which requests the key of `input` stands for, if it has one. */
  add(input: Keyed, [first]: readonly StoredRequest[]): void {
    const name = nameOf(input);
    if (name !== undefined && first) this.#first.set(name, first.seq);
  }

  /**
   * Whether `input` repeats what was accepted under its key, as far as is remembered. A key stands for it while the first of its requests is
   * there, for as long as keys are kept.
   */
  async has(input: Keyed): Promise<boolean> {
    const { clock, find } = this.#parts;
    const name = nameOf(input);
    const seq = name === undefined ? undefined : this.#first.get(name);
    const first = seq === undefined ? undefined : await find(seq);
    return first !== undefined && clock.wallMs() < first.acceptedAtMs + IDEMPOTENCY_TTL_MS;
  }
}

function nameOf({ callerId, idempotency }: Keyed): string | undefined {
  return idempotency && JSON.stringify([callerId, idempotency.key]);
}
