/** A signal that aborts after `ms`, or with the signal above it. Disposing it stops its clock. */
export class Deadline implements Disposable {
  readonly ms: number;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #above: AbortSignal;
  readonly #abort = (): void => this.#controller.abort();

  constructor(ms: number, above: AbortSignal) {
    this.ms = ms;
    this.#above = above;
    this.#timer = setTimeout(this.#abort, ms);
    above.addEventListener('abort', this.#abort);
    if (above.aborted) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#above.removeEventListener('abort', this.#abort);
  }
}
