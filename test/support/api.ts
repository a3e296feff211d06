/** The HTTP interface as tests use it: plain requests, answers with their body read, and the few steps that nearly every test takes. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ProblemBody } from '../../src/contract/problem-body.ts';
import type { RequestBody } from '../../src/contract/request-body.ts';
import type { RequestPage } from '../../src/contract/request-page.ts';
import type { Accepted, AcceptedBatch } from '../../src/contract/submission.ts';
import type { Composite } from './number-source.ts';
import { until } from './until.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Fails if the answer takes longer. */
  readonly withinMs?: number;
}

const CALLER = 'tester';
const ENDED = ['done', 'partial', 'failed', 'cancelled'];

/** A service under test: whatever has an address. */
export interface Target {
  readonly url: string;
}

export async function ask(
  target: Target,
  path: string,
  { headers, withinMs, ...init }: Ask = {},
): Promise<Reply> {
  const type = init.body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(target.url + path, {
    ...init,
    headers: { ...type, ...headers },
    ...(withinMs !== undefined && { signal: AbortSignal.timeout(withinMs) }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Posts to `/requests` as `caller`; the answer may be anything. */
export function post(
  target: Target,
  body: unknown,
  caller = CALLER,
  headers: Ask['headers'] = {},
): Promise<Reply> {
  return ask(target, '/requests', {
    method: 'POST',
    headers: { 'x-caller-id': caller, ...headers },
    body: textOf(body),
  });
}

/**
 * The first answer that does not ask to come again. A service that was held up for a moment may say so: a test that does not want to see
 * that does as every client does.
 */
export function askPatiently(target: Target, path: string, asking: Ask = {}, msMax?: number): Promise<Reply> {
  let reply: Reply | undefined;
  return until(
    () => `an answer to ${asking.method ?? 'GET'} ${path}; the last one was ${reply?.status} ${reply?.text}`,
    async () => {
      reply = await ask(target, path, asking);
      return !asksToComeAgain(reply) && reply;
    },
    msMax,
  );
}

/** Whether an answer says that what has become of the request is not known: the service was held up. */
export function isOutcomeUnknown(reply: Pick<Reply, 'status' | 'text'>): boolean {
  return unavailableCode(reply) === 'outcome_unknown';
}

/** The code of a 503, undefined for other answers. */
export function unavailableCode({ status, text }: Pick<Reply, 'status' | 'text'>): string | undefined {
  return status === 503 ? (JSON.parse(text) as ProblemBody).code : undefined;
}

function asksToComeAgain({ status, headers }: Reply): boolean {
  return status === 503 && headers.has('retry-after');
}

/** Posts to `path` until it is known what has become of that, as one submission. */
export function postPatiently(
  target: Target,
  path: string,
  body: unknown,
  headers: Ask['headers'] = {},
): Promise<Reply> {
  return askPatiently(target, path, {
    method: 'POST',
    headers: { 'idempotency-key': randomUUID(), ...headers },
    body: textOf(body),
  });
}

/** A body that is no text is sent as JSON. */
function textOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** Has one number accepted. */
export async function submit(target: Target, number: bigint | string, caller = CALLER): Promise<Accepted> {
  const body = { number: String(number) };
  return read<Accepted>(await postPatiently(target, '/requests', body, { 'x-caller-id': caller }), 202);
}

/** Has numbers accepted together; their requests come back in the same order. */
export async function submitAll(
  target: Target,
  numbers: readonly (bigint | string)[],
  caller = CALLER,
): Promise<AcceptedBatch['requests']> {
  const body = { numbers: numbers.map(String) };
  const reply = await postPatiently(target, '/requests', body, { 'x-caller-id': caller });
  return read<AcceptedBatch>(reply, 202).requests;
}

export async function look(target: Target, requestId: string): Promise<RequestBody> {
  return read<RequestBody>(await ask(target, `/requests/${requestId}`), 200);
}

/** The request as soon as it has ended. */
export function ended(target: Target, requestId: string, msMax = 120_000): Promise<RequestBody> {
  return until(
    `the end of request ${requestId}`,
    async () => {
      const reply = await ask(target, `/requests/${requestId}`, { headers: { prefer: 'wait=1' } });
      if (asksToComeAgain(reply)) return false;
      const request = read<RequestBody>(reply, 200);
      return ENDED.includes(request.status) && request;
    },
    msMax,
  );
}

/** The request as soon as it runs and `isSo`. */
export function running(
  target: Target,
  requestId: string,
  isSo: (request: RequestBody) => boolean = () => true,
  msMax = 120_000,
): Promise<RequestBody> {
  return until(
    `request ${requestId} running as expected`,
    async () => {
      const reply = await ask(target, `/requests/${requestId}`);
      if (asksToComeAgain(reply)) return false;
      const request = read<RequestBody>(reply, 200);
      assert(!ENDED.includes(request.status), `Request ${requestId} has ended too soon: ${request.status}`);
      return request.status === 'running' && isSo(request) && request;
    },
    msMax,
  );
}

export async function list(target: Target, query: Readonly<Record<string, string>>): Promise<RequestPage> {
  return read<RequestPage>(await ask(target, `/requests?${new URLSearchParams(query)}`), 200);
}

/** All pages of a list, one after another. */
export async function listAll(
  target: Target,
  query: Readonly<Record<string, string>>,
): Promise<RequestBody[]> {
  const all: RequestBody[] = [];
  let page = await list(target, query);
  for (; page.next !== null; page = await list(target, { ...query, cursor: page.next }))
    all.push(...page.requests);
  return [...all, ...page.requests];
}

export async function cancel(target: Target, requestId: string): Promise<Reply> {
  return ask(target, `/requests/${requestId}`, { method: 'DELETE' });
}

/** The value of a metric, with its labels if it has any. */
export async function metric(target: Target, name: string): Promise<number> {
  const { text } = await ask(target, '/metrics');
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  assert(line !== undefined, `There is no metric ${name}`);
  return Number(line.slice(name.length));
}

/** The body of an answer that must have the status expected; what it holds is the caller's to say. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a cast at each call would say no more
export function read<T>({ status, text }: Reply, expected: number): T {
  assert.equal(status, expected, text);
  return JSON.parse(text) as T;
}

/** Fails unless the answer is a problem with that status and code. */
export function assertProblem(reply: Reply, status: number, code: string): ProblemBody {
  const problem = read<ProblemBody>(reply, status);
  assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.equal(problem.code, code);
  assert.ok(problem.detail.length > 0);
  return problem;
}

/** Fails unless the request is done with exactly these primes. */
export function assertFactored(request: RequestBody, { number, primes }: Composite): void {
  assert.equal(request.status, 'done', JSON.stringify(request));
  assert.equal(request.number, String(number));
  assert.deepEqual(request.prime_factors, primes.map(String));
  assert.equal(request.complete, true);
}
