/** Something that can't be answered now, through no fault of who asks, and that passes by itself. */
import type { ErrorCode } from '../domain/error-code.ts';

export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly code: ErrorCode & ('shard_absent' | 'outcome_unknown' | 'overloaded');
  /** When another try makes sense. */
  readonly retryAfterMs: number;

  constructor(
    code: ErrorCode & ('shard_absent' | 'outcome_unknown' | 'overloaded'),
    retryAfterMs: number,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}
