/**
 * Lines to standard output: gathered for a turn of the event loop, since a system call for each would cost more than factoring
 * a small number, and never more in memory than the reader at the other end keeps up with.
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';

const GATHERED_CHARS_MAX = 65_536;

export class LineOutput {
  readonly #stream: Writable;
  readonly #beforeWrite: () => void;
  readonly #closing = new AbortController();
  #gathered = '';
  #isScheduled = false;

  /** `beforeWrite` clears away what does not belong into the output, such as a progress line on the same terminal. */
  constructor(stream: Writable, beforeWrite: () => void = () => undefined) {
    this.#stream = stream;
    this.#beforeWrite = beforeWrite;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // Such as `| head -1`, which is no error.
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
      this.#closing.abort(error);
    });
  }

  /** Aborts when nobody reads any more. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** Resolves when there is room for more. */
  async write(line: string): Promise<void> {
    this.#gathered += `${line}\n`;
    if (this.#gathered.length >= GATHERED_CHARS_MAX) await this.flush();
    else if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => void this.flush());
    }
  }

  /** Hands over what is gathered; resolves when it is out, or nobody reads. */
  async flush(): Promise<void> {
    this.#isScheduled = false;
    const text = this.#gathered;
    this.#gathered = '';
    if (text === '' || this.closed.aborted) return;
    this.#beforeWrite();
    if (this.#stream.write(text)) return;
    await once(this.#stream, 'drain', { signal: this.closed }).catch(() => undefined);
  }
}
