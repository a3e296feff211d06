/**
 * What `factor()` may be told. JavaScript callers have no types to keep them, so all of it is checked before anything begins.
 *
 * Pure: nothing is started, and no option is used but for being looked at.
 */
import { abbreviate } from '../base/abbreviate.ts';
import type { Progress } from './kernel.ts';

export interface FactorOptions {
  /** Ends the work within about `sliceMs`. */
  readonly signal?: AbortSignal | undefined;
  /** Told after each slice. What it throws ends the work, and is what the call rejects with. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * Threads that work on the number, the calling one among them: 1 (the default) to 256; more than the machine has cores only cost CPU
   * time. Others are started only for what takes longer.
   */
  readonly threads?: number | undefined;
  /** How long the calling thread is held at a time, in ms: above 0, at most 1,000, 50 by default; with several threads 5 at most. */
  readonly sliceMs?: number | undefined;
}

/** The options with what holds where nothing is said. */
export interface FactorSettings extends FactorOptions {
  readonly threads: number;
  readonly sliceMs: number;
}

/** Decimal digits of what the service takes, too: beyond, even trial division holds the thread for long. */
const DIGITS_MAX = 1_000;
const THREADS_MAX = 256;
const SLICE_MS = 50;
/** Longer ones save nothing, and an event loop that is held for longer looks dead. */
const SLICE_MS_MAX = 1_000;

/** Throws a TypeError where `n` is no bigint, and a RangeError where it is not from 1 to 10^1000 − 1. */
export function checkNumber(n: unknown): asserts n is bigint {
  if (typeof n !== 'bigint') throw new TypeError(`Cannot factor ${shown(n)}: it must be a bigint, as in 15n`);
  if (n < 1n) throw new RangeError(`Cannot factor ${abbreviate(String(n))}: it must be at least 1`);
  if (n >= 10n ** BigInt(DIGITS_MAX))
    throw new RangeError(
      `Cannot factor a number of ${String(n).length} digits: at most ${DIGITS_MAX} are allowed`,
    );
}

/** Throws a TypeError for what has the wrong type, and a RangeError for a number out of its bounds; each names what was given. */
export function factorSettings(options: unknown): FactorSettings {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`options must be an object: it is ${shown(options)}`);
  const { signal, onProgress, threads = 1, sliceMs = SLICE_MS } = options as Record<string, unknown>;
  // By what is called of it, since a page may have the signals of another one.
  if (signal !== undefined && typeof (signal as AbortSignal | null)?.throwIfAborted !== 'function')
    throw new TypeError(`signal must be an AbortSignal: it is ${shown(signal)}`);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw new TypeError(`onProgress must be a function: it is ${shown(onProgress)}`);
  const threadsBounds = `threads must be an integer from 1 to ${THREADS_MAX}: it is ${shown(threads)}`;
  if (typeof threads !== 'number') throw new TypeError(threadsBounds);
  if (!Number.isInteger(threads) || threads < 1 || threads > THREADS_MAX) throw new RangeError(threadsBounds);
  const sliceBounds = `sliceMs must be a number above 0 and at most ${SLICE_MS_MAX}: it is ${shown(sliceMs)}`;
  if (typeof sliceMs !== 'number') throw new TypeError(sliceBounds);
  if (!(sliceMs > 0 && sliceMs <= SLICE_MS_MAX)) throw new RangeError(sliceBounds);
  return { ...(options as FactorOptions), threads, sliceMs };
}

/** A value so that its type is seen: `"2"`, `2n`, `2`, `an object (AbortController)`. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(abbreviate(value));
  if (typeof value === 'bigint') return `${abbreviate(String(value))}n`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object' || value === null) return String(value);
  const { constructor } = value as { readonly constructor?: unknown };
  return typeof constructor === 'function' ? `an object (${constructor.name})` : 'an object';
}
