/** What an exchange came to, in the words of the report. Pure. */
import { isObject } from '../client/is-object.ts';
import type { ExchangeEnd } from './http-connection.ts';
import { isSuccess } from './request-text.ts';

/** Why exchanges that are still under way at the end are broken off. */
export const NOT_ANSWERED = 'not answered';
/** Why an exchange is broken off that takes longer than anybody should wait. */
export const TIMED_OUT = 'timed out';
/** Answered with 2xx and a body that cannot be read. */
export const MALFORMED_ANSWER = 'malformed answer';

/** Undefined for 2xx; else why it failed: the status with the problem's code, or how it broke. */
export function failureReason(end: ExchangeEnd): string | undefined {
  if (end.kind === 'broken') return end.reason;
  if (isSuccess(end.status)) return undefined;
  const code = problemCode(end.body);
  return code === undefined ? String(end.status) : `${end.status} ${code}`;
}

function problemCode(body: Buffer): string | undefined {
  try {
    const problem: unknown = JSON.parse(body.toString());
    return isObject(problem) && typeof problem.code === 'string' ? problem.code : undefined;
  } catch {
    return undefined;
  }
}
