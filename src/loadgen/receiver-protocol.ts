/** What the thread that receives callbacks is told and tells. Types only. */
import type { MessagePort } from 'node:worker_threads';
import type { Callback } from './callback-match.ts';
import type { LinesReport } from './callback-lines.ts';

/** What callbacks are verified with: one secret for all, those of each caller, or none known. */
export type Secrets =
  | { readonly kind: 'none' }
  | { readonly kind: 'same'; readonly secrets: readonly string[] }
  | { readonly kind: 'by-caller'; readonly secrets: ReadonlyMap<string, readonly string[]> };

export interface ReceiverData {
  readonly host: string;
  readonly port: number;
  /** Names this load: the first part of the path of its callback URLs. What is called for another one is gone (410). */
  readonly run: string;
  readonly secrets: Secrets;
  /** To the sending threads, by their index: the second part of the path. Each gets batches of callbacks. */
  readonly senders: readonly MessagePort[];
}

export type CallbackBatch = readonly Callback[];

export interface ReceiverReport extends LinesReport {
  readonly badlySigned: number;
  readonly unverified: number;
  /** What came and was no callback, with why of the first few. */
  readonly malformed: number;
  readonly malformedExamples: readonly string[];
  readonly cpuMs: number;
}

export type ToReceiver = { readonly kind: 'report' };

export type FromReceiver =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'cannot-listen'; readonly reason: string }
  /** The callback of the trial came. */
  | { readonly kind: 'trial' }
  | { readonly kind: 'report'; readonly report: ReceiverReport };

/** The second part of the path for the request that is sent to try whether callbacks come. */
export const TRIAL = 'trial';
