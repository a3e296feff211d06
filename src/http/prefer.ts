/**
 * The `Prefer` header (RFC 7240), as far as it is understood here; what is not is ignored, as the RFC asks.
 *
 * Pure. The time it takes is linear in the length of the header, whatever is in it: it is read by anyone, on the event loop.
 */
import { HEADER_BYTES_MAX } from '../domain/limits.ts';

export interface Preferences {
  /** How long the client is willing to wait, in whole milliseconds. */
  readonly waitMs?: number;
  readonly respondAsync: boolean;
}

/** Several `Prefer` headers come joined by commas. Of a preference given twice the first counts. Nothing is read beyond `HEADER_BYTES_MAX`. */
export function parsePrefer(header: string | undefined): Preferences {
  if (header === undefined) return NONE;
  let waitMs: number | undefined;
  let respondAsync = false;
  for (const preference of splitOutsideQuotes(header.slice(0, HEADER_BYTES_MAX), ',')) {
    // What follows a semicolon are parameters; nothing here has any.
    const [pair = ''] = splitOutsideQuotes(preference, ';');
    const equals = pair.indexOf('=');
    const name = (equals === -1 ? pair : pair.slice(0, equals)).trim().toLowerCase();
    if (name === 'respond-async') respondAsync = true;
    if (name === 'wait' && waitMs === undefined && equals !== -1) {
      const seconds = withoutQuotes(pair.slice(equals + 1).trim());
      if (SECONDS.test(seconds)) waitMs = Math.round(Number(seconds) * 1000);
    }
  }
  return { respondAsync, ...(waitMs !== undefined && { waitMs }) };
}

const NONE: Preferences = { respondAsync: false };
/** Whole seconds by the RFC; a fraction is understood as well. */
const SECONDS = /^\d{1,15}(\.\d+)?$/;

/** The parts between separators that are in no quoted string (RFC 9110, section 5.6.4); one that is not closed runs to the end. */
function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') quoted = !quoted;
    else if (quoted && char === '\\') i++;
    else if (!quoted && char === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function withoutQuotes(word: string): string {
  return word.length >= 2 && word.startsWith('"') && word.endsWith('"') ? word.slice(1, -1) : word;
}
