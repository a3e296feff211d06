/** What is under way, on one line of a terminal that is written over again and again. */
import type { WriteStream } from 'node:tty';
import type { Progress } from '../kernel/kernel.ts';
import { durationText } from './duration-text.ts';

/** Work shorter than this shows nothing. */
const SHOW_AFTER_MS = 1_000;
const SHOW_EVERY_MS = 200;
const BAR_CHARS_MAX = 30;
/** Relations are told where they leave that much for the bar. */
const BAR_CHARS_MIN = 5;
/** Where the terminal does not say. */
const COLUMNS_DEFAULT = 80;

export interface ProgressLineOptions {
  readonly stream: WriteStream;
  readonly nowMs: () => number;
}

export class ProgressLine {
  readonly #options: ProgressLineOptions;
  #shownMs = -Infinity;
  #isVisible = false;

  constructor(options: ProgressLineOptions) {
    this.#options = options;
  }

  /** Told often; shows only work of some length, and not more often than one can read. */
  update(number: bigint, beganMs: number, progress: Progress): void {
    const { stream, nowMs } = this.#options;
    const now = nowMs();
    if (now - beganMs < SHOW_AFTER_MS || now - this.#shownMs < SHOW_EVERY_MS) return;
    this.#shownMs = now;
    this.#isVisible = true;
    stream.write(
      `\r${progressText(number, now - beganMs, progress, stream.columns || COLUMNS_DEFAULT)}\u001B[K`,
    );
  }

  /** Takes the line away. */
  clear(): void {
    if (!this.#isVisible) return;
    this.#isVisible = false;
    this.#options.stream.write('\r\u001B[K');
  }
}

/** Fits into `columns`, leaving the last one free, where some terminals wrap. */
export function progressText(number: bigint, elapsedMs: number, progress: Progress, columns: number): string {
  const { stage, fraction, remainingMs, relations } = progress;
  const left =
    remainingMs === undefined ? durationText(elapsedMs) : `about ${durationText(remainingMs)} left`;
  const start = `${String(number).length} digits  ${stage} `;
  const share = ` ${Math.floor(fraction * 100)} %  `;
  const ends = [`${share}${left}`];
  if (relations) ends.unshift(`${share}${relations.found} of ${relations.needed} relations  ${left}`);
  const barFor = (end: string): number =>
    Math.min(BAR_CHARS_MAX, columns - 1 - start.length - end.length - 2);
  const end = ends.find((some) => barFor(some) >= BAR_CHARS_MIN) ?? `${share}${left}`;
  const bar = barFor(end);
  if (bar < 1) return `${start}${end}`.slice(0, Math.max(0, columns - 1));
  return `${start}[${'#'.repeat(Math.round(bar * fraction)).padEnd(bar, '.')}]${end}`;
}
