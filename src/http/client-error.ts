/** What arrives and is no HTTP request never reaches a route: it is answered here, on the bare socket. */
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { HEADER_BYTES_MAX } from '../domain/limits.ts';
import { HttpProblem, PROBLEM_CONTENT_TYPE, problemBody } from './problem.ts';

/** Most header lines of a request: what Node.js takes, whose error says only that there was too much. */
const HEADERS_MAX = 1_000;

type ClientError = Error & { readonly code?: string };

/** How long a client may take to send its headers, and a whole request, in milliseconds. */
export interface ArrivalTimes {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** A handler for the server's `clientError`: answers in turn, after the requests that came before on this connection, and closes it. */
export function clientErrorHandler(times: ArrivalTimes): (error: ClientError, socket: Socket) => void {
  return (error, socket) => answer(error, socket, times);
}

function answer(error: ClientError, socket: Socket, times: ArrivalTimes): void {
  // oxlint-disable-next-line no-underscore-dangle -- Node's own handler looks there too; nothing public tells.
  const current = (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage;
  if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
  // The request in hand had arrived in full, so what is wrong came after it.
  else if (current?.req.complete === true) current.once('finish', () => answer(error, socket, times));
  else if (current?.headersSent === true) socket.destroy();
  else refuse(problemOf(error, times), socket);
}

function refuse(problem: HttpProblem, socket: Socket): void {
  const body = JSON.stringify(problemBody(problem));
  socket.write(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: ${PROBLEM_CONTENT_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n${body}`,
  );
  socket.destroySoon();
}

function problemOf(
  { code = 'unknown' }: ClientError,
  { headersTimeoutMs, requestTimeoutMs }: ArrivalTimes,
): HttpProblem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new HttpProblem(
      'request_timeout',
      `The headers did not arrive within ${headersTimeoutMs / 1000} s, or the whole request not within ${requestTimeoutMs / 1000} s`,
    );
  if (code === 'HPE_HEADER_OVERFLOW')
    return new HttpProblem(
      'header_too_large',
      `The headers have more than ${HEADER_BYTES_MAX} bytes, or there are more than ${HEADERS_MAX} of them`,
    );
  return new HttpProblem('request_malformed', `What arrived is not an HTTP/1.1 request (${code})`);
}
