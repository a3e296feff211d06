/** Questions about single requests, for what is not under load. */
import type { RequestBody } from '../../src/contract/request-body.ts';
import { ask } from '../../src/loadgen/ask.ts';
import type { HttpConnection } from '../../src/loadgen/http-connection.ts';
import { isSuccess } from '../../src/loadgen/request-text.ts';
import { getRequest, postRequest, requestIdIn } from './wire.ts';

/** The id under which `number` was accepted. Rejects if it was not. */
export async function submit(connection: HttpConnection, callerId: string, number: string): Promise<string> {
  const end = await ask(connection, postRequest(callerId, `{"number":"${number}"}`));
  if (end.kind === 'answered' && end.status === 202) return requestIdIn(end.body);
  const why = end.kind === 'broken' ? end.reason : `${end.status}: ${end.body.toString()}`;
  throw new Error(`The number ${number} was answered with ${why}`);
}

/** What all contestants tell of a request. */
export type Told = Pick<RequestBody, 'status' | 'number' | 'prime_factors'>;

/** unknown: there is no such request. undefined: no answer that tells. */
export async function lookUp(
  connection: HttpConnection,
  requestId: string,
): Promise<Told | 'unknown' | undefined> {
  const end = await ask(connection, getRequest(requestId));
  if (end.kind === 'broken') return undefined;
  if (end.status === 404) return 'unknown';
  return isSuccess(end.status) ? (JSON.parse(end.body.toString()) as Told) : undefined;
}

/** Whether there may still be another answer to the same question. */
export function isPending(told: Told | 'unknown' | undefined): boolean {
  if (told === undefined) return true;
  return told !== 'unknown' && (told.status === 'queued' || told.status === 'running');
}
