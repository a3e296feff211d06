/**
 * Entry of the thread that receives callbacks: answers each with 204, verifies its signature with the library of Standard Webhooks,
 * and passes the first of each id on to the thread that sent its request.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { Webhook } from 'standardwebhooks';
import { bodyText } from '../base/body-text.ts';
import { assert } from '../base/assert.ts';
import { systemClock } from '../base/clock.ts';
import { RecentMap } from '../base/recent-map.ts';
import { errorMessage } from '../base/error-message.ts';
import { parseRequestId } from '../domain/request-id.ts';
import { CallbackLines } from './callback-lines.ts';
import type { Callback } from './callback-match.ts';
import { EXAMPLES_MAX } from './load-tally.ts';
import {
  type CallbackBatch,
  type FromReceiver,
  type ReceiverData,
  type ReceiverReport,
  type ToReceiver,
  TRIAL,
} from './receiver-protocol.ts';
import { readRequest } from './told-result.ts';

const BODY_BYTES_MAX = 2 ** 20;
/** Callers whose verifiers are kept at hand. */
const VERIFIERS_MAX = 10_000;
/** Callbacks travel to their thread together; the time of each was taken before. */
const BATCH_MS = 2;

assert(parentPort !== null, 'receiver-thread.ts runs in a worker thread');
const port = parentPort;
const { host, port: listenPort, run, secrets, senders }: ReceiverData = workerData;

const lines = new CallbackLines();
const verifiers = new RecentMap<string, readonly Webhook[]>(VERIFIERS_MAX);
const batches: Callback[][] = senders.map(() => []);
const malformedExamples: string[] = [];
let badlySigned = 0;
let unverified = 0;
let malformed = 0;
let isBatchDue = false;

const server = createServer((request, response) => {
  // A sender that goes away in the middle has sent nothing.
  receive(request, response).catch(() => response.destroy());
});
// As long as the service may keep it.
server.keepAliveTimeout = 60_000;
server.once('error', (error) => tell({ kind: 'cannot-listen', reason: errorMessage(error) }));
server.listen({ host, port: listenPort, backlog: 4_096 }, () =>
  tell({ kind: 'listening', port: (server.address() as AddressInfo).port }),
);
port.on('message', (_message: ToReceiver) => tell({ kind: 'report', report: report() }));

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [forRun, forThread = ''] = (request.url ?? '').split(/[?#]/)[0]!.split('/').slice(-2);
  const body = await bodyText(request, BODY_BYTES_MAX);
  const atMs = systemClock.monotonicMs();
  const wallMs = systemClock.wallMs();
  if (body === undefined || request.method !== 'POST' || forRun !== run) {
    response.writeHead(body === undefined ? 413 : 410, { connection: 'close' }).end();
    return;
  }
  response.writeHead(204).end();
  if (forThread === TRIAL) tell({ kind: 'trial' });
  else take(request, body, batches[Number(forThread)], atMs, wallMs);
}

function take(
  { headers }: IncomingMessage,
  body: string,
  batch: Callback[] | undefined,
  atMs: number,
  wallMs: number,
): void {
  let told: ReturnType<typeof readRequest>;
  try {
    told = readRequest(body);
    if (told.kind !== 'ended' || told.sequence === undefined || batch === undefined)
      throw new SyntaxError('It tells no end, or has no sequence');
  } catch (error) {
    malformed++;
    if (malformedExamples.length < EXAMPLES_MAX) malformedExamples.push(errorMessage(error));
    return;
  }
  const { requestId, callerId, sequence, result } = told;
  const signature = signatureHeaders(headers);
  checkSignature(signature, body, callerId);
  const shard = parseRequestId(requestId)?.shard ?? 0;
  if (!lines.note(signature['webhook-id'] || `${requestId} ${sequence}`, `${shard} ${callerId}`, sequence))
    return;
  batch.push({ requestId, result, atMs, wallMs });
  if (isBatchDue) return;
  isBatchDue = true;
  setTimeout(passOn, BATCH_MS);
}

function passOn(): void {
  isBatchDue = false;
  senders.forEach((sender, i) => {
    const batch: CallbackBatch = batches[i]!.splice(0);
    if (batch.length > 0) sender.postMessage(batch);
  });
}

function checkSignature(headers: Record<string, string>, body: string, callerId: string): void {
  const webhooks = verifiersOf(callerId);
  if (webhooks.length === 0) unverified++;
  else if (!webhooks.some((webhook) => isSignedBy(webhook, headers, body))) badlySigned++;
}

/** Any of them will do: after a rotation the service signs with several. */
function verifiersOf(callerId: string): readonly Webhook[] {
  const known = verifiers.get(callerId);
  if (known) return known;
  const made = secretsOf(callerId).map((secret) => new Webhook(secret));
  verifiers.set(callerId, made);
  return made;
}

function secretsOf(callerId: string): readonly string[] {
  if (secrets.kind === 'none') return [];
  return secrets.kind === 'same' ? secrets.secrets : (secrets.secrets.get(callerId) ?? []);
}

function isSignedBy(webhook: Webhook, headers: Record<string, string>, body: string): boolean {
  try {
    webhook.verify(body, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

function signatureHeaders(headers: IncomingMessage['headers']) {
  const text = (name: string): string => String(headers[name] ?? '');
  return {
    'webhook-id': text('webhook-id'),
    'webhook-timestamp': text('webhook-timestamp'),
    'webhook-signature': text('webhook-signature'),
  };
}

function report(): ReceiverReport {
  const { user, system } = process.threadCpuUsage();
  return {
    ...lines.report(),
    badlySigned,
    unverified,
    malformed,
    malformedExamples,
    cpuMs: (user + system) / 1000,
  };
}

function tell(message: FromReceiver): void {
  port.postMessage(message);
}
