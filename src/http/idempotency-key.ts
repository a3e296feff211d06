/** The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): a string, in quotes by the draft, bare by custom. */
import { hash } from 'node:crypto';
import { IDEMPOTENCY_KEY_CHARS_MAX } from '../domain/limits.ts';

/** The key that `header` holds, or undefined where it is not one: 1 to `IDEMPOTENCY_KEY_CHARS_MAX` characters of printable ASCII. */
export function parseIdempotencyKey(header: string): string | undefined {
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header)?.[1];
  const key = quoted === undefined ? header : quoted.replaceAll(/\\(["\\])/g, '$1');
  const allowed = quoted === undefined ? /^[\x21\x23-\x7e]+$/ : /^[\x20-\x7e]+$/;
  return key.length <= IDEMPOTENCY_KEY_CHARS_MAX && allowed.test(key) ? key : undefined;
}

/** Equal for requests that ask for the same: numbers are compared by value, however they were written. */
export function fingerprintOf({ path, form, numbers, callbackUrl }: Submitted): string {
  const url = callbackUrl === undefined ? '' : `\n${callbackUrl}`;
  return hash('sha256', `POST ${path}\n${form}\n${numbers.join('\n')}${url}`, 'base64url');
}

interface Submitted {
  readonly path: string;
  readonly form: 'number' | 'numbers';
  readonly numbers: readonly bigint[];
  readonly callbackUrl?: string | undefined;
}
