/**
 * Numbers that were accepted together, by one id. Pure.
 *
 * A batch has no record of its own: its id names its first request and how many there are. The sequence numbers of the others follow,
 * `SEQ_STRIDE` apart, and all have one token, so nobody who was not told an id can make one.
 */
import { BATCH_NUMBERS_MAX } from '../domain/limits.ts';
import { formatRequestId, parseRequestId, SEQ_STRIDE } from '../domain/request-id.ts';
import type { StoredRequest } from '../domain/request.ts';
import type { BatchSpan } from '../store/store.ts';
import { requestIdOf } from './request-view.ts';
import type { EndedRequestName, Value, ValuesBatchResult } from './service.ts';

export type ValuesBatch = BatchSpan;

export function formatBatchId({ first, count }: ValuesBatch): string {
  return `${formatRequestId(first)}-${count}`;
}

/** Undefined if `text` is no id of a batch. */
export function parseBatchId(text: string): ValuesBatch | undefined {
  const [, requestId, digits] = /^([^-]{28})-([1-9]\d{0,4})$/.exec(text) ?? [];
  const first = requestId === undefined ? undefined : parseRequestId(requestId);
  const count = Number(digits);
  return first && count <= BATCH_NUMBERS_MAX ? { first, count } : undefined;
}

/** What is needed of a request to tell how far its batch is. */
export type BatchMember = Pick<StoredRequest, 'seq' | 'token' | 'mode' | 'number' | 'state'>;

/** The sequence numbers of its requests, in order. */
export function batchSeqs({ first: { seq }, count }: ValuesBatch): number[] {
  return Array.from({ length: count }, (_, i) => seq + i * SEQ_STRIDE);
}

/** `members`: its requests as they stand, in order; undefined for those that are not there. */
export function batchResult(
  batch: ValuesBatch,
  members: readonly (BatchMember | undefined)[],
): ValuesBatchResult {
  const values: Value[] = [];
  const ended = new Map<number, EndedRequestName>();
  for (const [i, member] of members.entries()) {
    if (!member || member.token !== batch.first.token || member.mode !== 'values')
      return { kind: 'not_found' };
    const { number, state } = member;
    if (state.kind === 'done') values.push({ number, factors: state.factors });
    else if (state.kind !== 'queued')
      ended.set(i, { requestId: requestIdOf(member), number, status: state.kind });
  }
  const total = members.length;
  if (ended.size > 0) return { kind: 'incomplete', total, ended };
  if (values.length === total) return { kind: 'values', values };
  return { kind: 'unfinished', batchId: formatBatchId(batch), done: values.length, total };
}
