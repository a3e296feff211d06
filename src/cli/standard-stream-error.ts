/** Standard input cannot be read, or standard output not be written, and not because whoever reads it went away. */
import { getSystemErrorMessage } from 'node:util';
import { errorMessage } from '../base/error-message.ts';

export class StandardStreamError extends Error {
  override readonly name = 'StandardStreamError';

  /** `attempt`: such as `Cannot read standard input`. */
  constructor(attempt: string, cause: unknown) {
    super(`${attempt}: ${reasonOf(cause)}`, { cause });
  }
}

/** Without the name of the system call, which means nothing to a user. */
function reasonOf(cause: unknown): string {
  const { errno } = cause as { readonly errno?: unknown };
  return typeof errno === 'number' ? getSystemErrorMessage(errno) : errorMessage(cause);
}
