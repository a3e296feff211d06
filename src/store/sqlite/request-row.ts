/** Requests as rows: the order of columns, and the way from and to the types of the domain. */
import { assert } from '../../base/assert.ts';
import { DELIVERY_STATUSES } from '../../domain/delivery.ts';
import type { ErrorCode } from '../../domain/error-code.ts';
import { formatFactors, parseFactors, type Factor } from '../../domain/factorization.ts';
import {
  MODES,
  type FinalState,
  type StoredRequest,
  type StoredState,
  type TimelineEvent,
} from '../../domain/request.ts';
import type { EndedRequest } from '../store.ts';

/** A status is stored as its position here: append only. */
export const STORED_STATUSES = ['queued', 'done', 'partial', 'failed', 'cancelled'] as const;
export const QUEUED = 0;
export const DONE = 1;
export const PARTIAL = 2;
/** Positions in `DELIVERY_STATUSES`, append only as well. */
export const PENDING = 0;
/** A position in `MODES`. */
export const VALUES = MODES.indexOf('values');

export const REQUEST_COLUMNS =
  'seq, token, caller, mode, status, number, ordinal, accepted_at, started_at, finished_at, cpu_ms, factors, error_code, error_reason, timeline, callback_url, delivery, sequence, attempts, due_at, keep_until, sequence_shard';

/** The columns of `REQUEST_COLUMNS`. */
export type RequestRow = readonly [
  seq: number,
  token: string,
  caller: string,
  mode: number,
  status: number,
  number: string,
  ordinal: number,
  acceptedAtMs: number,
  startedAtMs: number | null,
  finishedAtMs: number | null,
  cpuMs: number | null,
  factors: string | null,
  errorCode: string | null,
  errorReason: string | null,
  timeline: string | null,
  callbackUrl: string | null,
  delivery: number | null,
  sequence: number | null,
  attempts: number | null,
  dueAtMs: number | null,
  keepUntilMs: number | null,
  sequenceShard: number | null,
];

/** A row as it is read for others. `spentMs`: of one that waits, what its number has had as its job's log says; no column. */
export type ReadRow = readonly [...RequestRow, spentMs?: number];

/** What an end writes. */
export type EndedRow = readonly [
  status: number,
  startedAtMs: number | null,
  finishedAtMs: number,
  cpuMs: number,
  factors: string | null,
  errorCode: string | null,
  errorReason: string | null,
  timeline: string | null,
  seq: number,
  /** 1: a callback is due now. No column. */
  called: number,
];

/** Of a request that is queued, what tells how much it takes. */
export interface QueuedRow {
  readonly seq: number;
  readonly callerId: string;
  readonly number: string;
  readonly callbackUrl: string | null;
}

export function queuedOfRow(row: RequestRow): QueuedRow {
  return { seq: row[0], callerId: row[2], number: row[5], callbackUrl: row[15] };
}

export function requestOfRow(row: ReadRow): StoredRequest {
  const [seq, token, callerId, mode, , number, ordinal, acceptedAtMs] = row;
  const modeName = MODES[mode];
  assert(modeName !== undefined, `Request ${seq} has a mode that does not exist: ${mode}`);
  const timeline = timelineOfText(row[14]);
  return {
    seq,
    token,
    callerId,
    mode: modeName,
    number,
    acceptedAtMs,
    ordinal,
    state: stateOfRow(row),
    timeline,
    ...callbackOfRow(row),
    ...(mode === VALUES && { keep: row[20] === null ? {} : { expiresAtMs: row[20] } }),
  };
}

const NO_CALLBACK = {};

function callbackOfRow(row: ReadRow): Pick<StoredRequest, 'callbackUrl' | 'delivery'> {
  const [callbackUrl, delivery, sequence, attempts, dueAtMs] = [row[15], row[16], row[17], row[18], row[19]];
  const status = DELIVERY_STATUSES[delivery ?? -1];
  if (callbackUrl === null || status === undefined) return NO_CALLBACK;
  return {
    callbackUrl,
    delivery: {
      status,
      attempts: attempts ?? 0,
      ...(sequence !== null && { sequence }),
      ...(row[21] !== null && { shard: row[21] }),
      ...(dueAtMs !== null && { dueAtMs }),
    },
  };
}

function stateOfRow(row: ReadRow): StoredState {
  const [seq, , , , status, , , , startedAtMs, finishedAtMs, cpuMs, factors, errorCode, errorReason] = row;
  const started = startedAtMs === null ? {} : { startedAtMs };
  const finished = { ...started, finishedAtMs: finishedAtMs ?? 0, cpuMs: cpuMs ?? 0 };
  const kind = STORED_STATUSES[status];
  assert(kind !== undefined, `Request ${seq} has a status that does not exist: ${status}`);
  if (kind === 'queued')
    return {
      kind,
      ...started,
      ...(cpuMs !== null && { cpuMs: Math.max(cpuMs, row[22] ?? 0) }),
      // One that was put back has what it had, and its budget begins with its next start.
      ...(cpuMs !== null && startedAtMs !== null && { budgetFromMs: cpuMs }),
      ...(factors !== null && { factors: parseFactors(factors) }),
    };
  if (kind === 'cancelled') return { kind, ...finished };
  if (kind === 'failed')
    return { kind, ...finished, code: errorCode as ErrorCode, reason: errorReason ?? '' };
  return { kind, ...finished, factors: parseFactors(factors ?? '') };
}

/** Turns the ends of one job into rows; the factors, which they share, are formatted once. */
export function endedRows(requests: readonly EndedRequest[]): EndedRow[] {
  const texts = new Map<readonly Factor[], string>();
  const factorsText = (state: FinalState): string | null => {
    if (!('factors' in state)) return null;
    const text = texts.get(state.factors) ?? formatFactors(state.factors);
    texts.set(state.factors, text);
    return text;
  };
  return requests.map(({ seq, state, timeline, called }) => [
    STORED_STATUSES.indexOf(state.kind),
    state.startedAtMs ?? null,
    state.finishedAtMs,
    state.cpuMs,
    factorsText(state),
    state.kind === 'failed' ? state.code : null,
    state.kind === 'failed' ? state.reason : null,
    textOfTimeline(timeline),
    seq,
    called === true ? 1 : 0,
  ]);
}

export function textOfTimeline(timeline: readonly TimelineEvent[]): string | null {
  return timeline.length === 0 ? null : JSON.stringify(timeline);
}

function timelineOfText(text: string | null): TimelineEvent[] {
  return text === null ? [] : (JSON.parse(text) as TimelineEvent[]);
}
