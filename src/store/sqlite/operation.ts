/**
 * What goes between the two threads of the SQLite store: rounds of operations one way, reports the other way.
 *
 * Messages are the larger part of the cost of a small call, so what is asked and answered often travels as arrays of
 * primitives (`Ask`, `Answer`), which are copied about twice as fast as objects.
 */
import type { JobLog } from '../job-log.ts';
import type { CallbackPage, PruneLimits, QueuePage, StoreErrorCode, StoreStats } from '../store.ts';
import type { EndedRow, ReadRow } from './request-row.ts';
import type { SheetRow } from './value-sheet.ts';

export interface Operations {
  /** The first piece of a batch, and the others as they are kept until they are written. */
  accept: { ask: readonly [first: AcceptAsk, rests: readonly RestRow[]]; answer: AcceptAnswer };
  /** Null: whichever piece is next. Answered with null where there is none. */
  writeRest: { ask: RestKey | null; answer: WrittenRest | null };
  heldKeys: {
    ask: readonly (readonly [callerId: string, key: string, nowMs: number])[];
    answer: readonly boolean[];
  };
  get: { ask: readonly number[]; answer: readonly (ReadRow | null)[] };
  batchProgress: { ask: readonly [firstSeq: number, token: string, count: number]; answer: ProgressRow };
  list: { ask: ListAsk; answer: ListAnswer };
  /** Answered with pairs: sequence number of the request, sequence number of its callback or 0. */
  finish: { ask: readonly FinishAsk[]; answer: readonly number[] };
  requeue: { ask: readonly [seq: number, ordinal: number, timeline: string | null]; answer: boolean };
  backlog: { ask: null; answer: readonly (readonly [callerId: string, count: number, ordinalMax: number])[] };
  queued: { ask: readonly QueuePage[]; answer: readonly (readonly ReadRow[])[] };
  known: { ask: readonly string[]; answer: readonly (string | null)[] };
  appendLog: { ask: AppendLogAsk; answer: null | 'full' };
  readLog: { ask: readonly [number: string, after: number]; answer: LogPage };
  recordBreak: { ask: readonly [number: string, atMs: number]; answer: number };
  prune: { ask: PruneLimits; answer: number };
  stats: { ask: null; answer: StoreStats };
  callbackBacklog: { ask: null; answer: readonly (readonly [callerId: string, firstDueAtMs: number])[] };
  dueCallbacks: { ask: readonly CallbackPage[]; answer: readonly (readonly DueRow[])[] };
  recordAttempt: { ask: AttemptAsk; answer: boolean };
  redeliver: { ask: readonly [seq: number, dueAtMs: number, timeline: string | null]; answer: boolean };
  goneEndpoints: { ask: number; answer: readonly (readonly [callerId: string, url: string])[] };
  putValues: { ask: ValuesAsk; answer: null | 'full' };
  values: { ask: NumbersAsk; answer: readonly (ValueRow | null)[] };
  valuesOf: { ask: ValuesOfAsk; answer: ValuesOfAnswer };
  renewValues: { ask: RenewAsk; answer: null };
  postRenewals: { ask: PostAsk; answer: null | 'full' };
  pendingRenewals: { ask: readonly [shard: number, limit: number]; answer: RenewalsOfScope | null };
  renewalsTold: { ask: readonly [shard: number, ...RenewalsOfScope]; answer: null };
  renewalShards: { ask: null; answer: readonly number[] };
  /** Answered with null where nothing is left, and with `unwritten` where rests of batches go before whatever is. */
  parcel: { ask: null; answer: Uint8Array | null | 'unwritten' };
  adopt: { ask: readonly [parcel: Uint8Array, atMs: number]; answer: AdoptAnswer };
  partWith: { ask: Uint8Array; answer: null };
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

/** Instead of a report: the store can no longer be used. */
export interface StoreFailure {
  readonly failure: { readonly code: StoreErrorCode; readonly message: string };
}

/** One piece of a batch: the requests from index `start` on, of `total` in the batch. */
export type AcceptAsk = readonly [
  callerId: string,
  token: string,
  firstSeq: number,
  start: number,
  total: number,
  key: string | null,
  fingerprint: string | null,
  expiresAtMs: number,
  callbackUrl: string | null,
  /** In mode `values`: when their values expire; null for never. */
  keepUntilMs: number | null,
  ...rows: (string | number)[],
];

export const ACCEPT_HEAD = 10;
/** Each row of an `AcceptAsk`: mode, number, acceptedAtMs, ordinal. */
export const ACCEPT_ROW = 4;

/** What is known of the requests of a piece: `queued`, all are; an array, the factors of those that are done at once. */
export type PieceAnswer = 'queued' | readonly (string | null)[];
export type AcceptAnswer = PieceAnswer | 'conflict' | 'full' | ReplayAnswer | CrowdedAnswer;

/** The key stands for the batch that begins with this sequence number. */
export interface ReplayAnswer {
  readonly firstSeq: number;
}

/** The queued requests of its caller take more than this, which is what they may. */
export interface CrowdedAnswer {
  readonly bytesMax: number;
}

export type RestKey = readonly [firstSeq: number, start: number];
/** The key of a piece, and its `AcceptAsk` as JSON. */
export type RestRow = readonly [...RestKey, piece: string];
export type WrittenRest = readonly [...RestKey, known: PieceAnswer];

export type ProgressRow = readonly [
  queued: number,
  done: number,
  ended: number,
  lastQueuedSeq: number | null,
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
  readonly delivery?: number;
  readonly beforeSeq: number;
  readonly limit: number;
}

export type DueRow = readonly [
  seq: number,
  sequence: number,
  dueAtMs: number,
  url: string,
  shard: number | null,
];

export type AttemptAsk = readonly [
  seq: number,
  sequence: number,
  wasDueAtMs: number,
  delivery: number,
  attempts: number,
  dueAtMs: number | null,
  toldAtMs: number | null,
  timeline: string | null,
  /** With the time at which it was gone. */
  gone: readonly [callerId: string, url: string, atMs: number] | null,
];

export interface ListAnswer {
  readonly rows: readonly ReadRow[];
  readonly next?: number;
}

export interface LogPage extends JobLog {
  /** To be asked for as `after` for the next page; absent at the end. */
  readonly next?: number;
}

export interface AppendLogAsk {
  readonly number: string;
  readonly chunks: readonly Uint8Array[];
  readonly cpuMs: number;
  /** Of each request three: sequence number, time of its start, the job's CPU milliseconds at which its budget began. */
  readonly started: readonly number[];
  readonly atMs: number;
}

export type ValueRow = readonly [
  number: string,
  factors: string,
  expiresAtMs: number | null,
  version: number,
];
export type ValuesAsk = readonly [scope: string, ...sheets: SheetRow[]];

export type NumbersAsk = readonly [scope: string, nowMs: number, ...numbers: string[]];

export type RenewalRow = readonly [number: string, expiresAtMs: number | null, version: number];
export const RENEWAL_FIELDS = 3;
/** A scope and, flat, `RenewalRow`s. */
export type RenewalsOfScope = readonly [scope: string, ...renewals: RenewalRow[number][]];

export type RenewAsk = readonly [nowMs: number, ...RenewalsOfScope];
export type PostAsk = readonly [shards: readonly number[], ...RenewalsOfScope];

export type ValuesOfAsk = readonly [
  scope: string,
  prime: string,
  after: string | null,
  limit: number,
  nowMs: number,
];

export interface ValuesOfAnswer {
  /** The lines of values, a line feed between two; null for none. */
  readonly lines: string | null;
  /** To be asked for as `after` for the next page, which may be full even where this one is not; absent at the end. */
  readonly next?: string;
}

export type AdoptAnswer =
  | 'full'
  /** It is from a program whose tables are others. */
  | 'version'
  | {
      readonly queued: readonly (readonly [callerId: string, count: number])[];
      readonly due: readonly (readonly [callerId: string, firstDueAtMs: number])[];
    };
