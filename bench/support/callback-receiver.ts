/**
 * A process that callbacks are sent to, so that receiving takes nothing from the load generator. `callback-receiver-process.ts` starts
 * it and is told its URLs.
 *
 * While the load lasts it keeps bytes and times and answers 200; only when a report is asked for are bodies read, signatures verified
 * and factors multiplied. On as many further ports as its argument says it takes connections and never answers: hosts that hang.
 */
import net from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { CallbackBody } from '../../src/contract/request-body.ts';
import type { ReceivedCallback } from './callback-account.ts';
import { isFactored } from './factored.ts';

export type ReceiverQuestion =
  | { readonly kind: 'count' }
  /** `secrets` by caller. */
  | { readonly kind: 'report'; readonly secrets: Readonly<Record<string, string>> };

/** The first message of the process. */
export interface ReceiverUrls {
  readonly url: string;
  readonly hangingUrls: readonly string[];
}

/** The answer to `count`. */
export interface ReceiverCount {
  /** Callbacks that came whole. */
  readonly received: number;
  /** Connections that were ever made to the hosts that hang. */
  readonly hung: number;
}

const ANSWER = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';
const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const BACKLOG = 4_096;

interface Arrived {
  readonly bytes: Buffer;
  readonly headEnd: number;
  readonly receivedAtMs: number;
}

const arrived: Arrived[] = [];
let hung = 0;

function receive(socket: net.Socket): void {
  let bytes: Buffer | undefined;
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    // No encoding is set.
    const part = chunk as Buffer;
    bytes = bytes ? Buffer.concat([bytes, part]) : part;
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const length = Number(CONTENT_LENGTH.exec(bytes.toString('latin1', 0, headEnd))?.[1]);
    if (bytes.length < headEnd + HEAD_END.length + length) return;
    arrived.push({ bytes, headEnd, receivedAtMs: Date.now() });
    socket.end(ANSWER);
  });
}

function hang(socket: net.Socket): void {
  hung++;
  socket.on('error', () => undefined);
  // Read and dropped, so that the end of the connection is seen.
  socket.resume();
}

function listen(serve: (socket: net.Socket) => void): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const server = net.createServer(serve);
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG }, () =>
    resolve(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`),
  );
  return promise;
}

function read({ bytes, headEnd, receivedAtMs }: Arrived, verifiers: Map<string, Webhook>): ReceivedCallback {
  const [, ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const text = bytes.toString('utf8', headEnd + HEAD_END.length);
  const body = JSON.parse(text) as CallbackBody;
  return {
    webhookId: headers['webhook-id'] ?? '',
    requestId: body.request_id,
    callerId: body.caller_id,
    sequence: body.sequence ?? 0,
    finishedAtMs: Date.parse(body.finished_at ?? ''),
    receivedAtMs,
    signed: isSigned(text, headers, verifiers.get(body.caller_id)),
    factored: isFactored(body),
  };
}

function isSigned(text: string, headers: Record<string, string>, verifier: Webhook | undefined): boolean {
  try {
    verifier?.verify(text, headers, { jsonParse: false });
    return verifier !== undefined;
  } catch {
    return false;
  }
}

function answer(question: ReceiverQuestion): ReceiverCount | ReceivedCallback[] {
  if (question.kind === 'count') return { received: arrived.length, hung };
  const verifiers = new Map(
    Object.entries(question.secrets).map(([callerId, secret]) => [callerId, new Webhook(secret)]),
  );
  return arrived.map((one) => read(one, verifiers));
}

const urls: ReceiverUrls = {
  url: await listen(receive),
  hangingUrls: await Promise.all(Array.from({ length: Number(process.argv[2]) }, () => listen(hang))),
};
process.on('message', (question: ReceiverQuestion) => process.send?.(answer(question)));
process.once('disconnect', () => process.exit());
process.send?.(urls);
