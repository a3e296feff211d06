/** What factors numbers for the command line: this thread, or several. */
import type { Factorization } from '../domain/factorization.ts';
import type { HelpWanted, Progress, Stage } from '../kernel/kernel.ts';

export interface FactorerOptions {
  /** Time for each number, in ms; what is not split by then stays composite. */
  readonly timeoutMs: number;
}

/** Other threads that help with a number of this one. */
export interface Helpers {
  /** What they could do now; undefined: nothing. Told when it changes. */
  readonly onWanted: (wanted: HelpWanted | undefined) => void;
}

export interface Factored {
  /** Incomplete if the timeout or the interruption came first. */
  readonly factorization: Factorization;
  readonly elapsedMs: number;
  /** The hardest method that was needed. */
  readonly algorithm: Stage;
}

export type OnProgress = (progress: Progress) => void;

export interface Factorer extends AsyncDisposable {
  /** How many numbers should be given to it at once to keep it busy. */
  readonly appetite: number;
  /** Undefined if `interrupt` came before the number's turn. */
  factor(number: bigint, onProgress: OnProgress): Promise<Factored | undefined>;
  /** Ends what is under way within milliseconds, with what is known. */
  interrupt(): void;
}
