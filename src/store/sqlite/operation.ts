/**
 * What goes between the two threads of the SQLite store: rounds of operations one way, reports the other way.
 *
 * Messages are the larger part of the cost of a small call, so what is asked and answered often travels as arrays of
 * primitives (`Ask`, `Answer`), which are copied about twice as fast as objects.
 */
import type { JobLog, PruneLimits, QueuePage, StoreErrorCode, StoreStats } from '../store.ts';
import type { EndedRow, RequestRow } from './request-row.ts';

export interface Operations {
  accept: { ask: AcceptAsk; answer: AcceptAnswer };
  withdraw: { ask: WithdrawAsk; answer: null };
  get: { ask: readonly number[]; answer: readonly (RequestRow | null)[] };
  list: { ask: ListAsk; answer: ListAnswer };
  finish: { ask: readonly FinishAsk[]; answer: readonly number[] };
  requeue: { ask: readonly [seq: number, ordinal: number, timeline: string | null]; answer: boolean };
  backlog: { ask: null; answer: readonly (readonly [callerId: string, count: number, ordinalMax: number])[] };
  queued: { ask: readonly QueuePage[]; answer: readonly (readonly RequestRow[])[] };
  known: { ask: readonly string[]; answer: readonly (string | null)[] };
  appendLog: { ask: AppendLogAsk; answer: null };
  readLog: { ask: string; answer: JobLog };
  recordBreak: { ask: readonly [number: string, atMs: number]; answer: number };
  prune: { ask: PruneLimits; answer: number };
  stats: { ask: null; answer: StoreStats };
}

export type OperationName = keyof Operations;
export type Ask<Name extends OperationName> = Operations[Name]['ask'];
export type Answer<Name extends OperationName> = Operations[Name]['answer'];

/** The worker's side of each operation: synchronous, within the transaction of its round. */
export type Handlers = { readonly [Name in OperationName]: (ask: Ask<Name>) => Answer<Name> };

/** Operations of one commit, in order; `asks[i]` belongs to `names[i]`. */
export interface Round {
  readonly names: readonly OperationName[];
  readonly asks: readonly unknown[];
}

/** `answers[i]` is meaningless where `faults` has an entry for `i`. */
export interface RoundReport {
  readonly answers: readonly unknown[];
  readonly faults: readonly Fault[];
}

export interface Fault {
  readonly index: number;
  /** Absent: the call itself was at fault. */
  readonly code?: StoreErrorCode;
  readonly message: string;
}

/** One piece of a batch: the requests from index `start` on, of `total` in the batch. The first piece looks the key up. */
export type AcceptAsk = readonly [
  callerId: string,
  token: string,
  firstSeq: number,
  start: number,
  total: number,
  key: string | null,
  fingerprint: string | null,
  expiresAtMs: number,
  /** In a later piece: whether the first one answered with a replay. */
  replay: boolean,
  ...rows: (string | number)[],
];

export const ACCEPT_HEAD = 9;
/** Each row of an `AcceptAsk`: mode, number, acceptedAtMs, ordinal. */
export const ACCEPT_ROW = 4;

/** `queued`: all are, no number was known. An array: the factors of those that are done at once. */
export type AcceptAnswer = 'queued' | readonly (string | null)[] | 'conflict' | 'full' | ReplayAnswer;

export interface ReplayAnswer {
  readonly firstSeq: number;
  readonly token: string;
  /** How many of the batch were written before this call. */
  readonly before: number;
  readonly rows: readonly RequestRow[];
  readonly written: readonly number[];
}

/** Takes back the requests with indices `from` to `to` (exclusive) of a batch that could not be accepted as a whole. */
export type WithdrawAsk = readonly [
  callerId: string,
  key: string | null,
  firstSeq: number,
  from: number,
  to: number,
];

export interface FinishAsk {
  readonly number: string;
  readonly dropLog: boolean;
  readonly known?: readonly [factors: string, cpuMs: number, atMs: number];
  readonly rows: readonly EndedRow[];
}

export interface ListAsk {
  readonly callerId?: string;
  readonly mode?: number;
  readonly status?: number;
  readonly beforeSeq: number;
  readonly limit: number;
}

export interface ListAnswer {
  readonly rows: readonly RequestRow[];
  readonly next?: number;
}

export interface AppendLogAsk {
  readonly number: string;
  readonly chunks: readonly Uint8Array[];
  readonly cpuMs: number;
  /** Pairs of sequence number and time. */
  readonly started: readonly number[];
  readonly atMs: number;
}
