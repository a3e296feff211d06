/**
 * A state file as a server uses it: read at start, and again when it has changed. It is looked at when it is used, at most once in
 * `CHECK_MS`, which costs some microseconds; nothing runs in between, and no event that a file system may fail to send is needed.
 *
 * Invariant: there is always a state. One that can't be read (any more) leaves the last good one in place.
 */
import type { Clock } from './clock.ts';
import { readStateFile, StateFileError, stateFileVersion, type StateForm } from './state-file.ts';

/** A change is seen after at most this time. */
export const CHECK_MS = 1_000;

export interface WatchedStateOptions<T> {
  readonly file: string;
  readonly form: StateForm<T>;
  readonly clock: Clock;
  /** Told once for each version of the file that can't be used, in place of which the last good one stays. */
  readonly onFault: (error: StateFileError) => void;
}

export class WatchedState<T> {
  readonly #options: WatchedStateOptions<T>;
  #state: T;
  /** Of the file that the state was read from. */
  #version: string;
  /** Of the file that was last complained about. */
  #toldVersion: string | undefined;
  #checkedMs: number;

  /** Throws a StateFileError if the file can't be used. */
  constructor(options: WatchedStateOptions<T>) {
    this.#options = options;
    // Looked at before it is read: a change in between is read twice, and none is missed.
    this.#version = stateFileVersion(options.file);
    this.#state = readStateFile(options.file, options.form);
    this.#checkedMs = options.clock.monotonicMs();
  }

  /** The same object as long as the file is the same. */
  get(): T {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#checkedMs < CHECK_MS) return this.#state;
    this.#checkedMs = nowMs;
    const version = stateFileVersion(this.#options.file);
    if (version !== this.#version) this.#readAgain(version);
    return this.#state;
  }

  #readAgain(version: string): void {
    try {
      this.#state = readStateFile(this.#options.file, this.#options.form);
      this.#version = version;
      this.#toldVersion = undefined;
    } catch (error) {
      if (!(error instanceof StateFileError)) throw error;
      // It is tried again at the next look: the reason may have been one that passes, such as too many open files.
      if (this.#toldVersion !== version) this.#options.onFault(error);
      this.#toldVersion = version;
    }
  }
}
