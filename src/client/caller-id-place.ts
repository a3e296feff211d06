/** Where a caller id travels: in the header, unless that could not carry it unchanged. Pure. */

/** Headers are trimmed, and `fetch` takes no characters beyond Latin-1 in them. */
const HEADER_SAFE = /^[!-~](?:[ -~]*[!-~])?$/;

export interface CallerIdPlace {
  readonly header: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

export function callerIdPlace(callerId: string | undefined): CallerIdPlace {
  if (callerId === undefined) return { header: {}, query: {} };
  return HEADER_SAFE.test(callerId)
    ? { header: { 'x-caller-id': callerId }, query: {} }
    : { header: {}, query: { caller_id: callerId } };
}
