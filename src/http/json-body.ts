/** Takes JSON bodies in: bounded in bytes, in UTF-8, with exact numbers. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import {
  ARRIVING_BYTES_MAX,
  BODY_BYTES_MAX,
  BODY_FREE_BYTES,
  DISCARDED_BYTES_MAX,
} from '../domain/limits.ts';
import { parseBigJson } from './big-json.ts';
import { HttpProblem } from './problem.ts';

/** Makes `app` read `application/json` and nothing else. An empty body is `undefined`: some routes take none. */
export function takeJsonBodies(app: FastifyInstance): void {
  const arriving: Arriving = { bytes: 0 };
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (request, payload, done) => {
    readBody(request, payload, arriving, (problem, body) => {
      if (problem !== undefined) done(problem);
      else if (body === undefined || body.length === 0) done(null, undefined);
      else parseBody(body, done);
    });
  });
}

/**
 * Whether a body is refused before it is sent. Of one that its sender does not hold back (`Expect: 100-continue`, as curl does above
 * 1 MiB), more is read and thrown away: most clients look for an answer only after sending.
 */
export function isBodyRefused({ headers }: IncomingMessage): boolean {
  const bytesMax = headers.expect === undefined ? DISCARDED_BYTES_MAX : BODY_BYTES_MAX;
  return Number(headers['content-length'] ?? 0) > bytesMax;
}

/** What all bodies still arriving hold beyond `BODY_FREE_BYTES` each. */
interface Arriving {
  bytes: number;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function parseBody(body: Uint8Array, done: (problem: HttpProblem | null, body?: unknown) => void): void {
  let text: string;
  try {
    // Drops a byte order mark, too.
    text = UTF8.decode(body);
  } catch {
    done(new HttpProblem('json_invalid', 'The body is not JSON: it is not valid UTF-8'));
    return;
  }
  const parsed = parseBigJson(text);
  if (parsed.kind === 'json') done(null, parsed.value);
  else done(new HttpProblem(parsed.code, parsed.message));
}

/** Collects the body, or discards it and says why. Calls `done` once. */
function readBody(
  request: FastifyRequest,
  payload: IncomingMessage,
  arriving: Arriving,
  done: (problem: HttpProblem | undefined, body?: Uint8Array) => void,
): void {
  const { 'content-length': length, 'content-encoding': encoding } = request.headers;
  // Such a message is over already and emits no event (`optimizeEmptyRequests`).
  if (length === undefined && request.headers['transfer-encoding'] === undefined) {
    done(undefined);
    return;
  }
  let problem =
    encoding === undefined || encoding === 'identity'
      ? undefined
      : new HttpProblem(
          'content_type_unsupported',
          `The body must not be compressed: content-encoding is ${encoding}`,
        );
  const announced = Number(length ?? 0);
  // The connection can't be used again, since the body may come all the same.
  if (isBodyRefused(payload)) {
    done(tooLarge(announced, { connection: 'close' }));
    return;
  }
  if (announced > BODY_BYTES_MAX) problem ??= tooLarge(announced);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let charged = 0;

  const release = (): void => {
    arriving.bytes -= charged;
    charged = 0;
  };
  const finish = (): void => {
    payload.off('data', onData).off('end', finish).off('error', onError);
    release();
    if (problem === undefined)
      done(undefined, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, bytes));
    else done(problem);
  };
  const onData = (chunk: Uint8Array): void => {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) problem ??= tooLarge(bytes);
    if (problem === undefined) {
      const charge = Math.max(0, bytes - BODY_FREE_BYTES) - charged;
      charged += charge;
      arriving.bytes += charge;
      if (charge > 0 && arriving.bytes > ARRIVING_BYTES_MAX) problem = tooMuchAtOnce();
      else chunks.push(chunk);
    }
    if (problem === undefined) return;
    chunks.length = 0;
    release();
    if (bytes > DISCARDED_BYTES_MAX) finish();
  };
  const onError = (): void => {
    problem ??= new HttpProblem('request_malformed', 'The body ended before all of it had arrived');
    finish();
  };
  payload.on('data', onData).on('end', finish).on('error', onError);
}

function tooLarge(bytes: number, headers: Readonly<Record<string, string>> = {}): HttpProblem {
  return new HttpProblem(
    'body_too_large',
    `The body has ${bytes} bytes or more, at most ${BODY_BYTES_MAX} are allowed`,
    { headers },
  );
}

function tooMuchAtOnce(): HttpProblem {
  return new HttpProblem('overloaded', 'Too many large bodies are arriving at once; try again shortly', {
    headers: { 'retry-after': '2' },
  });
}
