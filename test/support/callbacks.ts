/** What tests of callbacks do at the HTTP interface: ask for one, and see how it stands. */
import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import type { RequestBody } from '../../src/contract/request-body.ts';
import type { Accepted, AcceptedBatch } from '../../src/contract/submission.ts';
import { ask, askPatiently, postPatiently, read, type Ask, type Reply, type Target } from './api.ts';
import { runProgram } from './program.ts';
import type { Call } from './receiver.ts';
import type { Server } from './server.ts';
import { until } from './until.ts';

/** Opens loopback, where the receivers of tests are, and makes three attempts within seconds. */
export const CALLBACK_ENV = {
  FAIRSIEVE_CALLBACK_ALLOW: '127.0.0.0/8',
  FAIRSIEVE_CALLBACK_RETRIES: '1s,1s',
} as const;

type Attempt = Extract<RequestBody['timeline'][number], { readonly event: 'attempted' }>;
type Event = RequestBody['timeline'][number]['event'];

/** Posts to `/async`; the answer may be anything. */
export function postAsync(
  target: Target,
  body: unknown,
  caller: string,
  headers: Ask['headers'] = {},
): Promise<Reply> {
  return ask(target, '/async', {
    method: 'POST',
    headers: { 'x-caller-id': caller, ...headers },
    body: JSON.stringify(body),
  });
}

async function lookPatiently(target: Target, requestId: string): Promise<RequestBody> {
  return read<RequestBody>(await askPatiently(target, `/requests/${requestId}`), 200);
}

/** Has one number accepted, to be told at `callbackUrl`; resolves to the id of the request. */
export async function submitAsync(
  target: Target,
  number: bigint,
  callbackUrl: string,
  caller: string,
): Promise<string> {
  const body = { number: String(number), callback_url: callbackUrl };
  const reply = await postPatiently(target, '/async', body, { 'x-caller-id': caller });
  return read<Accepted>(reply, 202).request_id;
}

/** Has numbers accepted together; the ids of their requests come in the same order. */
export async function submitAllAsync(
  target: Target,
  numbers: readonly bigint[],
  callbackUrl: string,
  caller: string,
): Promise<string[]> {
  const body = { numbers: numbers.map(String), callback_url: callbackUrl };
  const reply = await postPatiently(target, '/async', body, { 'x-caller-id': caller });
  return read<AcceptedBatch>(reply, 202).requests.map(({ request_id }) => request_id);
}

/** The request as soon as its callback has been delivered, or is dead. */
export function settled(
  target: Target,
  requestId: string,
  delivery: 'delivered' | 'dead',
  msMax?: number,
): Promise<RequestBody> {
  return until(
    `the callback of ${requestId} to be ${delivery}`,
    async () => {
      const request = await lookPatiently(target, requestId);
      if (request.delivery === 'pending') return false;
      assert.equal(request.delivery, delivery, JSON.stringify(request.timeline));
      return request;
    },
    msMax,
  );
}

/** The request as soon as so many attempts to call back are told of. */
export function attempted(target: Target, requestId: string, count: number): Promise<RequestBody> {
  return until(`${count} attempts for ${requestId}`, async () => {
    const request = await lookPatiently(target, requestId);
    if (attemptsOf(request).length >= count) return request;
    assert.equal(request.delivery, 'pending', JSON.stringify(request.timeline));
    return false;
  });
}

export function attemptsOf({ timeline }: RequestBody): Attempt[] {
  return timeline.filter((entry) => entry.event === 'attempted');
}

/** What each attempt met with: a status, or the class of the error. */
export function outcomesOf(request: RequestBody): (number | string | undefined)[] {
  return attemptsOf(request).map(({ status, error }) => status ?? error?.split(':')[0]);
}

/** What is told of the callback, in order. */
export function deliveryEvents({ timeline }: RequestBody): Event[] {
  const events: readonly Event[] = ['attempted', 'delivered', 'dead', 'redelivery'];
  return timeline.map(({ event }) => event).filter((event) => events.includes(event));
}

export async function redeliver(target: Target, requestId: string): Promise<RequestBody> {
  const reply = await ask(target, `/requests/${requestId}/redeliver`, { method: 'POST' });
  return read<RequestBody>(reply, 202);
}

/** Prints the secret of a caller as its operator would, `args` being further options. */
export async function secretOf(server: Server, caller: string, ...args: readonly string[]): Promise<string> {
  const env = { FAIRSIEVE_DATA_DIR: server.dataDir };
  const { code, stdout, stderr } = await runProgram(['secret', '--caller', caller, ...args], env);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

/** Whether a receiver that knows `secret` takes the call for genuine. */
export function isGenuine({ text, headers }: Call, secret: string): boolean {
  try {
    new Webhook(secret).verify(text, headers);
    return true;
  } catch {
    return false;
  }
}
