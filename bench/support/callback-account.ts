/** What came of the callbacks that were promised: which are missing, came twice, or are wrong, and how long they took. Pure. */
import { Samples } from './samples.ts';

/** One callback as the receiver has it. Times are of the wall clock, in whole ms since 1970. */
export interface ReceivedCallback {
  readonly webhookId: string;
  readonly requestId: string;
  readonly callerId: string;
  readonly sequence: number;
  readonly finishedAtMs: number;
  /** When the last byte of it was there. */
  readonly receivedAtMs: number;
  readonly signed: boolean;
  readonly factored: boolean;
}

export interface CallbackAccount {
  readonly promised: number;
  /** From the end of the request, as the callback tells it, to its arrival, of the promised ones. */
  readonly delayMs: Samples;
  /** Ids of those that never came. */
  readonly lost: readonly string[];
  /** Of all that came: how many had come before. */
  readonly twice: number;
  readonly badlySigned: number;
  readonly wrong: number;
  /** Numbers missing in the sequences of the callers, which begin at 1. */
  readonly gaps: number;
  /** Came after one of the same caller with a higher number: no failure, since several are under way at a time. */
  readonly overtaken: number;
}

/**
 * `received` is all that has come to this receiver from this server since both started, in order of arrival; `requestIds` are those
 * whose times count.
 */
export function accountOf(
  requestIds: readonly string[],
  received: readonly ReceivedCallback[],
): CallbackAccount {
  const missing = new Set(requestIds);
  const delayMs = new Samples();
  const seen = new Set<string>();
  const lines = new Map<string, { count: number; highest: number }>();
  let twice = 0;
  let overtaken = 0;
  for (const { webhookId, requestId, callerId, sequence, finishedAtMs, receivedAtMs } of received) {
    if (seen.has(webhookId)) {
      twice++;
      continue;
    }
    seen.add(webhookId);
    if (missing.delete(requestId)) delayMs.add(receivedAtMs - finishedAtMs);
    const line = lines.get(callerId) ?? { count: 0, highest: 0 };
    if (sequence < line.highest) overtaken++;
    lines.set(callerId, { count: line.count + 1, highest: Math.max(line.highest, sequence) });
  }
  return {
    promised: requestIds.length,
    delayMs,
    lost: [...missing],
    twice,
    badlySigned: received.filter(({ signed }) => !signed).length,
    wrong: received.filter(({ factored }) => !factored).length,
    gaps: Array.from(lines.values(), ({ count, highest }) => highest - count).reduce((a, b) => a + b, 0),
    overtaken,
  };
}

/** How many things there are that must not be. */
export function faultsIn({ lost, twice, badlySigned, wrong, gaps }: CallbackAccount): number {
  return lost.length + twice + badlySigned + wrong + gaps;
}
