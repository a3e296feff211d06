/**
 * The parts of long messages that have come, or wait to be asked for.
 *
 * Invariants:
 *   T1. They have at most `BYTES_MAX` together. What begins beyond is refused, and what was begun before is not disturbed.
 *   T2. A transfer that nothing was heard of for `IDLE_MS` is forgotten: whoever asked has given up.
 */
import type { Clock } from '../../base/clock.ts';

/** Two of the longest, and hundreds of usual ones. */
const BYTES_MAX = 64 * 1_048_576;
/** Longer than anybody waits for one part. */
const IDLE_MS = 15_000;

interface Transfer {
  readonly parts: Map<number, Uint8Array>;
  bytes: number;
  heardMs: number;
}

export class Transfers {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** Those heard of longest ago first. */
  readonly #transfers = new Map<string, Transfer>();
  #bytes = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Throws, and forgets the transfer, where there is no room for a part. */
  add(name: string, index: number, part: Uint8Array): void {
    this.#forgetIdle();
    const transfer = this.#heard(name) ?? { parts: new Map(), bytes: 0, heardMs: 0 };
    const bytes = part.length - (transfer.parts.get(index)?.length ?? 0);
    if (this.#bytes + bytes > BYTES_MAX) {
      this.#forget(name);
      throw new Error(
        `Busy: long messages of ${BYTES_MAX} bytes are under way, and there is no room for more`,
      );
    }
    transfer.parts.set(index, part);
    transfer.bytes += bytes;
    transfer.heardMs = this.#clock.monotonicMs();
    this.#bytes += bytes;
    this.#transfers.set(name, transfer);
  }

  /** Forgets the transfer with its last part: whoever asks for one again asks the whole question again. */
  part(name: string, index: number): Uint8Array {
    const transfer = this.#heard(name);
    const part = transfer?.parts.get(index);
    if (!transfer || !part) throw noPart(index);
    if (index === transfer.parts.size - 1) this.#forget(name);
    return part;
  }

  /** The first `count` parts; forgets the transfer. */
  take(name: string, count: number): Uint8Array[] {
    const transfer = this.#transfers.get(name);
    this.#forget(name);
    return Array.from({ length: count }, (_, index) => {
      const part = transfer?.parts.get(index);
      if (!part) throw noPart(index);
      return part;
    });
  }

  #heard(name: string): Transfer | undefined {
    const transfer = this.#transfers.get(name);
    if (!transfer) return undefined;
    transfer.heardMs = this.#clock.monotonicMs();
    this.#transfers.delete(name);
    this.#transfers.set(name, transfer);
    return transfer;
  }

  #forgetIdle(): void {
    const beforeMs = this.#clock.monotonicMs() - IDLE_MS;
    for (const [name, { heardMs }] of this.#transfers) {
      if (heardMs > beforeMs) return;
      this.#forget(name);
    }
  }

  #forget(name: string): void {
    this.#bytes -= this.#transfers.get(name)?.bytes ?? 0;
    this.#transfers.delete(name);
  }
}

function noPart(index: number): Error {
  return new Error(`Part ${index} of this message is not kept any more`);
}
