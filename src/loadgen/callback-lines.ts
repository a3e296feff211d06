/**
 * The order in which callbacks come, and which come again. Those of one caller and one shard are a line: `sequence` numbers them without
 * gaps.
 */
import { RecentMap } from '../base/recent-map.ts';

/** Ids of callbacks that are remembered: a repeat comes soon, and memory is bounded. */
const IDS_MAX = 1_000_000;

interface Line {
  count: number;
  lowest: number;
  highest: number;
}

export interface LinesReport {
  readonly twice: number;
  /** Numbers missing between the lowest and the highest that came. */
  readonly gaps: number;
  /** Came after one of the same line with a higher number. */
  readonly overtaken: number;
}

export class CallbackLines {
  readonly #seen = new RecentMap<string, true>(IDS_MAX);
  readonly #lines = new Map<string, Line>();
  #twice = 0;
  #overtaken = 0;

  /** Whether it came for the first time. `webhookId` is the same at every attempt; `line` names caller and shard. */
  note(webhookId: string, line: string, sequence: number): boolean {
    if (this.#seen.get(webhookId) === true) {
      this.#twice++;
      return false;
    }
    this.#seen.set(webhookId, true);
    const known = this.#lines.get(line);
    if (known === undefined) {
      this.#lines.set(line, { count: 1, lowest: sequence, highest: sequence });
      return true;
    }
    if (sequence < known.highest) this.#overtaken++;
    known.count++;
    known.lowest = Math.min(known.lowest, sequence);
    known.highest = Math.max(known.highest, sequence);
    return true;
  }

  report(): LinesReport {
    const gaps = Array.from(
      this.#lines.values(),
      ({ count, lowest, highest }) => highest - lowest + 1 - count,
    );
    return {
      twice: this.#twice,
      gaps: gaps.reduce((sum, missing) => sum + Math.max(0, missing), 0),
      overtaken: this.#overtaken,
    };
  }
}
