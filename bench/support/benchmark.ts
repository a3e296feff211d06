/** What a benchmark is given and gives back. Types only. */

export interface BenchmarkOptions {
  /** A few seconds instead of minutes: to see that everything works, not to quote. */
  readonly quick: boolean;
  /** Also what takes very long. */
  readonly full: boolean;
  /** The kernel's sizes from here to there, instead of those of `quick` and `full`. */
  readonly digits?: { readonly from: number; readonly to: number } | undefined;
  /** Every number and every moment drawn at random comes from it. */
  readonly seed: number;
  /** Tells what is under way. */
  readonly say: (line: string) => void;
}

/** Numbers are printed with three significant digits and kept exactly in JSON; null is what was not measured. */
export type Cell = string | number | null;

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Result {
  readonly tables: readonly Table[];
  /** What a reader must know to judge the tables. */
  readonly notes: readonly string[];
  /** Answers other than 2xx, wrong ones, and those that never came. */
  readonly failures: number;
}

export interface Benchmark {
  /** One line: what is measured, against what. */
  readonly about: string;
  readonly run: (options: BenchmarkOptions) => Promise<Result>;
}
