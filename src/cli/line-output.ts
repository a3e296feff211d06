/**
 * Lines to standard output: gathered for a turn of the event loop, since a system call for each would cost more than factoring
 * a small number, and never more in memory than the reader at the other end keeps up with.
 */
import type { Writable } from 'node:stream';
import { EXIT, type ExitCode } from './exit-code.ts';
import { StandardStreamError } from './standard-stream-error.ts';

const GATHERED_CHARS_MAX = 65_536;

export class LineOutput {
  readonly #stream: Writable;
  readonly #beforeWrite: () => void;
  readonly #closing = new AbortController();
  #gathered = '';
  #isScheduled = false;
  #written: Promise<void> = Promise.resolve();
  #fault: NodeJS.ErrnoException | undefined;

  /** `beforeWrite` clears away what does not belong into the output, such as a progress line on the same terminal. */
  constructor(stream: Writable, beforeWrite: () => void = () => undefined) {
    this.#stream = stream;
    this.#beforeWrite = beforeWrite;
    stream.on('error', (error) => this.#close(error));
  }

  /** Aborts when nobody reads any more, or nothing more can be written. */
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

  /** Hands over what is gathered; resolves when all that was handed over is out, or `closed` has aborted. */
  async flush(): Promise<void> {
    this.#isScheduled = false;
    const text = this.#gathered;
    this.#gathered = '';
    if (text !== '' && !this.closed.aborted) {
      this.#beforeWrite();
      // Streams write in order: what was handed over last is out last.
      this.#written = new Promise((resolve) => {
        this.#stream.write(text, (error) => {
          if (error) this.#close(error);
          resolve();
        });
      });
    }
    await this.#written;
  }

  /** How a command exits that has flushed: as `otherwise` says where all could be written. Throws a StandardStreamError where writing failed. */
  exitCode(otherwise: ExitCode): ExitCode {
    if (this.#fault === undefined) return otherwise;
    // Such as `| head -1`, which is no error.
    if (this.#fault.code === 'EPIPE' || this.#fault.code === 'ERR_STREAM_DESTROYED') return EXIT.outputClosed;
    throw new StandardStreamError('Cannot write to standard output', this.#fault);
  }

  #close(error: NodeJS.ErrnoException): void {
    this.#fault ??= error;
    this.#closing.abort(error);
  }
}
