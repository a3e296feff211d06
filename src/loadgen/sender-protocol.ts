/** What a thread that sends is told and tells. Types only. Times are of the monotonic clock. */
import type { MessagePort } from 'node:worker_threads';
import type { MatchReport } from './callback-match.ts';
import type { LoadOptions } from './load-options.ts';
import type { Counts, SecondReport, ThreadReport } from './load-tally.ts';
import type { PrimePools } from './semiprimes.ts';

export interface SenderData {
  readonly options: LoadOptions;
  /** Its index; of the arrivals it sends every `options.threads`-th from there. */
  readonly thread: number;
  /** The caller ids, by index. */
  readonly callerIds: readonly string[];
  /** Where its callbacks are to go, and where they come from. */
  readonly callbackUrl: string | undefined;
  readonly callbacks: MessagePort | undefined;
  readonly module: WebAssembly.Module;
  readonly pools: PrimePools;
}

export type ToSender =
  | { readonly kind: 'start'; readonly startMs: number }
  /** No more is sent or waited for. */
  | { readonly kind: 'stop' };

export interface SenderReport {
  readonly tally: ThreadReport;
  readonly match: MatchReport;
  /** Submissions that found no free connection. */
  readonly connectionWaits: number;
  /** CPU seconds per second while there were arrivals. */
  readonly cores: number;
}

interface News {
  readonly counts: Counts;
  /** Those that were not told before. */
  readonly seconds: readonly SecondReport[];
}

export type FromSender =
  | { readonly kind: 'ready' }
  | (News & { readonly kind: 'tick' })
  | (News & { readonly kind: 'finished'; readonly report: SenderReport });
