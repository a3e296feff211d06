/** A load that is under way: on a terminal some lines that are written over, elsewhere a line every few seconds. */
import type { WriteStream } from 'node:tty';
import type { LoadTick } from '../loadgen/load-result.ts';
import { liveLines, logLine, type LivePlan } from '../loadgen/report/live-lines.ts';

const LOG_EVERY_MS = 5_000;
/** Where the terminal does not say. */
const COLUMNS_DEFAULT = 80;
const RATES_KEPT = 120;

export class LoadView {
  readonly #stream: WriteStream;
  readonly #plan: LivePlan;
  readonly #rates: number[] = [];
  #ratedSecond = 0;
  #loggedMs = 0;
  #linesShown = 0;

  constructor(stream: WriteStream, plan: LivePlan) {
    this.#stream = stream;
    this.#plan = plan;
  }

  update(tick: LoadTick): void {
    const second = Math.floor(tick.elapsedMs / 1000);
    if (second > this.#ratedSecond) {
      this.#ratedSecond = second;
      this.#rates.push(tick.answeredPerSecond);
      if (this.#rates.length > RATES_KEPT) this.#rates.shift();
    }
    if (this.#stream.isTTY) this.#show(tick);
    else if (tick.elapsedMs - this.#loggedMs >= LOG_EVERY_MS) {
      this.#loggedMs = tick.elapsedMs;
      this.#stream.write(`${logLine(tick, this.#plan)}\n`);
    }
  }

  /** Takes the lines away. */
  clear(): void {
    if (this.#linesShown > 0) this.#stream.write(`${this.#home()}\u001B[J`);
    this.#linesShown = 0;
  }

  #show(tick: LoadTick): void {
    const lines = liveLines(tick, this.#plan, this.#rates, this.#stream.columns || COLUMNS_DEFAULT);
    this.#stream.write(`${this.#home()}${lines.map((line) => `${line}\u001B[K`).join('\n')}`);
    this.#linesShown = lines.length;
  }

  #home(): string {
    return this.#linesShown > 1 ? `\r\u001B[${this.#linesShown - 1}A` : '\r';
  }
}
