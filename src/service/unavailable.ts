/** Answers to what can't be done just now, through no fault of who asks. */

/** The disk has no room to write it down. */
export const NO_ROOM = { kind: 'unavailable', code: 'store_full', retryAfterMs: 2_000 } as const;
/** Too much is arriving at once. */
export const BUSY = { kind: 'unavailable', code: 'overloaded', retryAfterMs: 1_000 } as const;
/** The store cannot be reached: whatever was begun may be done yet. */
export const STORE_SILENT = { kind: 'unavailable', code: 'outcome_unknown', retryAfterMs: 2_000 } as const;
/** This process is about to end; another one may take its place. */
export const STOPPING = { kind: 'unavailable', code: 'stopping', retryAfterMs: 2_000 } as const;
