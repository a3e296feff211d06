/** A caller is a client company, known by its id alone: any text of 1 to `CALLER_ID_BYTES_MAX` bytes of UTF-8 without control characters. */
import { CALLER_ID_BYTES_MAX } from './limits.ts';

/** Who asks by a door that does not need to know, and does not say. All who do so share one turn. */
export const ANONYMOUS = 'anonymous';

/** Why `text` can't be a caller id, or undefined if it can. */
export function callerIdFault(text: string): string | undefined {
  if (text === '') return 'it is empty';
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > CALLER_ID_BYTES_MAX) return `it has ${bytes} bytes, at most ${CALLER_ID_BYTES_MAX} are allowed`;
  if (/\p{Cc}/u.test(text)) return 'it has control characters';
  if (!text.isWellFormed()) return 'it is not well-formed Unicode';
  return undefined;
}
