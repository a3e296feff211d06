/** One exchange as a promise, for what is not under load: its answer may be kept. */
import type { RequestBody } from '../../src/contract/request-body.ts';
import type { HttpConnection } from '../../src/loadgen/http-connection.ts';
import { isSuccess } from '../../src/loadgen/request-text.ts';
import { getRequest, postRequest, requestIdIn } from './wire.ts';

export interface Answer {
  /** 0: none came. */
  readonly status: number;
  readonly body: string;
}

export function ask(connection: HttpConnection, request: string): Promise<Answer> {
  return new Promise((resolve) =>
    connection.exchange(request, (end) =>
      resolve(
        end.kind === 'answered' ? { status: end.status, body: end.body.toString() } : { status: 0, body: '' },
      ),
    ),
  );
}

/** The id under which `number` was accepted. Rejects if it was not. */
export async function submit(connection: HttpConnection, callerId: string, number: string): Promise<string> {
  const { status, body } = await ask(connection, postRequest(callerId, `{"number":"${number}"}`));
  if (status !== 202) throw new Error(`The number ${number} was answered with ${status}: ${body}`);
  return requestIdIn(Buffer.from(body));
}

/** What all contestants tell of a request. */
export type Told = Pick<RequestBody, 'status' | 'number' | 'prime_factors'>;

/** unknown: there is no such request. undefined: no answer that tells. */
export async function lookUp(
  connection: HttpConnection,
  requestId: string,
): Promise<Told | 'unknown' | undefined> {
  const { status, body } = await ask(connection, getRequest(requestId));
  if (status === 404) return 'unknown';
  return isSuccess(status) ? (JSON.parse(body) as Told) : undefined;
}

/** Whether there may still be another answer to the same question. */
export function isPending(told: Told | 'unknown' | undefined): boolean {
  if (told === undefined) return true;
  return told !== 'unknown' && (told.status === 'queued' || told.status === 'running');
}
