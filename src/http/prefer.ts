/** The `Prefer` header (RFC 7240), as far as it is understood here; what is not is ignored, as the RFC asks. */
export interface Preferences {
  /** How long the client is willing to wait. */
  readonly waitMs?: number;
  readonly respondAsync: boolean;
}

/** Several `Prefer` headers come joined by commas. Of a preference given twice the first counts. */
export function parsePrefer(header: string | undefined): Preferences {
  if (header === undefined) return NONE;
  let waitMs: number | undefined;
  let respondAsync = false;
  for (const preference of header.split(',')) {
    const match = PREFERENCE.exec(preference);
    const name = match?.[1]?.toLowerCase();
    if (name === 'respond-async') respondAsync = true;
    if (name === 'wait' && waitMs === undefined && SECONDS.test(match?.[2] ?? ''))
      waitMs = Number(match?.[2]) * 1000;
  }
  return { respondAsync, ...(waitMs !== undefined && { waitMs }) };
}

const NONE: Preferences = { respondAsync: false };
/** `name`, `name=word` or `name="word"`, with parameters after a semicolon that are passed over. */
const PREFERENCE = /^\s*([\w-]+)\s*(?:=\s*"?([^";]*?)"?\s*)?(?:;.*)?$/;
/** Whole seconds by the RFC; a fraction is understood as well. */
const SECONDS = /^\d{1,9}(\.\d+)?$/;
