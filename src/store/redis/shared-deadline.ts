/**
 * A moment that one thread sets and another one looks at without asking: the thread of the store knows until when its database is its
 * own, and the thread that answers must know it at each answer, also when it wakes up before the other one does.
 *
 * Times are those of a monotonic clock that is the same for both threads.
 */

/** Goes from thread to thread as it is. */
export type DeadlineMemory = SharedArrayBuffer;

export function newDeadlineMemory(): DeadlineMemory {
  return new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
}

/** Rounds down, to whole milliseconds. */
export function setDeadline(memory: DeadlineMemory, deadlineMs: number): void {
  Atomics.store(new BigInt64Array(memory), 0, BigInt(Math.floor(deadlineMs)));
}

/** False until it was set for the first time. */
export function isBefore(memory: DeadlineMemory, nowMs: number): boolean {
  return nowMs < Number(Atomics.load(new BigInt64Array(memory), 0));
}
