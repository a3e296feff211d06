/** A load that is prepared or under way: on a terminal some lines that are written over, elsewhere a line every few seconds. */
import type { WriteStream } from 'node:tty';
import type { Clock } from '../base/clock.ts';
import type { LoadStep, LoadTick } from '../loadgen/load-result.ts';
import { liveLines, logLine, type LivePlan, stepLine } from '../loadgen/report/live-lines.ts';

const LOG_EVERY_MS = 5_000;
/** Where the terminal does not say. */
const COLUMNS_DEFAULT = 80;
const RATES_KEPT = 120;

export class LoadView {
  readonly #stream: WriteStream;
  readonly #plan: LivePlan;
  readonly #clock: Clock;
  readonly #rates: number[] = [];
  #ratedSecond = 0;
  #loggedMs = 0;
  /** When it was last said what is done before the load; at first when the view was made. */
  #steppedMs: number;
  #linesShown = 0;

  constructor(stream: WriteStream, plan: LivePlan, clock: Clock) {
    this.#stream = stream;
    this.#plan = plan;
    this.#clock = clock;
    this.#steppedMs = clock.monotonicMs();
  }

  /** Before the first `update`. Where nothing can be written over, only what takes long is told. */
  prepare(step: LoadStep): void {
    if (this.#stream.isTTY) return this.#show([`  ${stepLine(step)}`]);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#steppedMs < LOG_EVERY_MS) return undefined;
    this.#steppedMs = nowMs;
    this.#stream.write(`${stepLine(step)}\n`);
    return undefined;
  }

  update(tick: LoadTick): void {
    const second = Math.floor(tick.elapsedMs / 1000);
    if (second > this.#ratedSecond) {
      this.#ratedSecond = second;
      this.#rates.push(tick.answeredPerSecond);
      if (this.#rates.length > RATES_KEPT) this.#rates.shift();
    }
    if (this.#stream.isTTY) this.#show(liveLines(tick, this.#plan, this.#rates, this.#columns()));
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

  /** In the place of those shown before, of which there are not more. */
  #show(lines: readonly string[]): void {
    this.#stream.write(`${this.#home()}${lines.map((line) => `${line}\u001B[K`).join('\n')}`);
    this.#linesShown = lines.length;
  }

  #columns(): number {
    return this.#stream.columns || COLUMNS_DEFAULT;
  }

  #home(): string {
    return this.#linesShown > 1 ? `\r\u001B[${this.#linesShown - 1}A` : '\r';
  }
}
