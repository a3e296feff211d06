/** For tests: a real HTTP server on loopback that answers each request as its script says and remembers what it was sent. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { RequestBody } from '../contract/request-body.ts';

interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Step = (response: ServerResponse, seen: Seen) => void;

export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly Seen[];
  /** Drops every connection and refuses new ones until `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Takes the steps one after the other; the last one is repeated. */
export async function scriptedServer(...steps: readonly Step[]): Promise<ScriptedServer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void respond(request, response);
  });
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url: path = '', headers } = request;
    const one = { method, path, headers, body: await text(request) };
    const step = steps[Math.min(seen.length, steps.length - 1)];
    seen.push(one);
    step?.(response, one);
  };
  let port = 0;
  const start = async (): Promise<void> => {
    await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address === 'object' && address !== null) ({ port } = address);
  };
  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  await start();
  return { url: `http://127.0.0.1:${port}`, seen, start, stop, [Symbol.asyncDispose]: stop };
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Step {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
}

export function refuse(status: number, code: string, headers: Readonly<Record<string, string>> = {}): Step {
  return json(
    status,
    { type: `urn:fairsieve:problem:${code}`, title: code, status, code, detail: `because of ${code}` },
    headers,
  );
}

/** Breaks off in the middle of an answer. */
export const resetMidBody: Step = (response) => {
  response
    .writeHead(202, { 'content-type': 'application/json', 'content-length': '1000' })
    .write('{"request_id":');
  setTimeout(() => response.destroy(), 20);
};

/** Takes the request and never answers. */
export const hang: Step = () => undefined;

/** Answers a submission as the service does: every number is queued under an id made from it. */
export const accept: Step = (response, seen) => {
  const { number = '', numbers }: { number?: string; numbers?: string[] } = JSON.parse(seen.body);
  json(202, numbers ? { requests: numbers.map(queued) } : queued(number))(response, seen);
};

function queued(number: string): object {
  return { request_id: `id-${number}`, number, status: 'queued' };
}

/** A request as the service shows it. */
export function requestBody(fields: Partial<RequestBody>): RequestBody {
  return {
    request_id: 'ID',
    caller_id: 'acme',
    mode: 'queued',
    status: 'queued',
    number: '15',
    prime_factors: [],
    factors: [],
    complete: false,
    cpu_ms: 0,
    accepted_at: '2026-01-01T00:00:00.000Z',
    started_at: null,
    finished_at: null,
    position: null,
    expected_ms: null,
    progress: null,
    callback_url: null,
    delivery: null,
    sequence: null,
    next_attempt_at: null,
    error: null,
    timeline: [{ event: 'accepted', at: '2026-01-01T00:00:00.000Z' }],
    ...fields,
  };
}

export const DONE_15 = requestBody({
  status: 'done',
  prime_factors: ['3', '5'],
  factors: [
    { prime: '3', exponent: 1, certainty: 'proven' },
    { prime: '5', exponent: 1, certainty: 'proven' },
  ],
  complete: true,
});
