/**
 * Ctrl-C and its like, as an AbortSignal: the first one asks the command to come to an end, another one ends it at once.
 *
 * One Ctrl-C may arrive several times: the terminal sends it to every process of its group, and npm and our launcher hand it on
 * as well. What comes within `SAME_MS` is therefore the same one.
 */
import { EXIT, SIGNAL_EXIT, type ExitCode } from './exit-code.ts';

const SAME_MS = 500;

type Ending = keyof typeof SIGNAL_EXIT;
const ENDINGS: readonly Ending[] = ['SIGHUP', 'SIGINT', 'SIGTERM'];

export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners = new Map(ENDINGS.map((ending) => [ending, () => this.#take(ending)]));
  #first: { readonly ending: Ending; readonly atMs: number } | undefined;

  constructor() {
    for (const [ending, listener] of this.#listeners) process.on(ending, listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** How an interrupted command exits; `otherwise` if it was not. */
  exitCode(otherwise: ExitCode): ExitCode {
    return this.#first ? SIGNAL_EXIT[this.#first.ending] : otherwise;
  }

  [Symbol.dispose](): void {
    for (const [ending, listener] of this.#listeners) process.off(ending, listener);
  }

  #take(ending: Ending): void {
    const nowMs = performance.now();
    if (this.#first && nowMs - this.#first.atMs > SAME_MS) process.exit(SIGNAL_EXIT[ending] ?? EXIT.failed);
    this.#first ??= { ending, atMs: nowMs };
    this.#controller.abort(new Error(`interrupted by ${ending}`));
  }
}
