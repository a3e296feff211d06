/** Who is asking: `X-Caller-Id`, `caller-id` or `caller_id` as a header, or `caller_id` in the query. */
import type { IncomingMessage } from 'node:http';
import { callerIdFault } from '../domain/caller.ts';
import { CALLER_ID_BYTES_MAX } from '../domain/limits.ts';

export type CallerIdResult =
  | { readonly kind: 'caller'; readonly callerId: string }
  | {
      readonly kind: 'refused';
      readonly code: 'caller_id_missing' | 'caller_id_invalid';
      readonly message: string;
    };

const HEADERS = ['x-caller-id', 'caller-id', 'caller_id'] as const;

/** `callerDefault` is who asks where nothing says so; without it that is refused. Given in several places, or twice in one, it must be the same everywhere. Bytes beyond ASCII in a header are read as UTF-8. */
export function callerIdOf(
  message: IncomingMessage,
  query: string | undefined,
  callerDefault?: string,
): CallerIdResult {
  let callerId = query;
  for (const name of HEADERS) {
    const value = message.headers[name];
    if (value === undefined) continue;
    // Node joins repeated headers with a comma, which may as well be part of one id.
    const given =
      typeof value === 'string' && !value.includes(', ') ? [value] : (message.headersDistinct[name] ?? []);
    for (const text of given.map(utf8)) {
      if (text === undefined)
        return refused('caller_id_invalid', `Cannot accept the caller id in ${name}: it is not UTF-8`);
      if (callerId !== undefined && callerId !== text)
        return refused(
          'caller_id_invalid',
          `Cannot accept the caller id: two different ones are given, ${JSON.stringify(callerId)} and ${JSON.stringify(text)}`,
        );
      callerId = text;
    }
  }
  callerId ??= callerDefault;
  if (callerId === undefined)
    return refused(
      'caller_id_missing',
      'Give a caller id: as the header X-Caller-Id or as the query parameter caller_id',
    );
  const fault = isPlain(callerId) ? undefined : callerIdFault(callerId);
  if (fault !== undefined) return refused('caller_id_invalid', `Cannot accept the caller id: ${fault}`);
  return { kind: 'caller', callerId };
}

/** What nearly every id is, and quick to see: printable ASCII, not too long. */
function isPlain(callerId: string): boolean {
  return callerId.length <= CALLER_ID_BYTES_MAX && /^[\x20-\x7e]+$/.test(callerId);
}

function refused(code: 'caller_id_missing' | 'caller_id_invalid', message: string): CallerIdResult {
  return { kind: 'refused', code, message };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });
const BEYOND_ASCII = /[\x80-\xff]/;

/** Node gives a header as one character per byte. */
function utf8(latin1: string): string | undefined {
  if (!BEYOND_ASCII.test(latin1)) return latin1;
  try {
    return UTF8.decode(Buffer.from(latin1, 'latin1'));
  } catch {
    return undefined;
  }
}
