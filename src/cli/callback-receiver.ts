/**
 * A receiver of callbacks for trying things out: takes what is posted to it, at any path, and answers as it is told to.
 *
 * What it keeps in memory is bounded: bodies by `BODY_BYTES_MAX`, and of callbacks how often each of the last ones came.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bodyText } from '../base/body-text.ts';
import type { Clock } from '../base/clock.ts';
import { RecentMap } from '../base/recent-map.ts';
import { checkCallback, type CallbackCheck } from './callback-check.ts';

/** One attempt that arrived. */
export interface Arrival {
  readonly atMs: number;
  readonly path: string;
  /** Empty where the sender gave none. */
  readonly webhookId: string;
  /** The how-manieth with this id. */
  readonly attempt: number;
  readonly check: CallbackCheck;
  /** What it is answered with. */
  readonly status: number;
  readonly body: string;
}

export interface ReceiverOptions {
  readonly clock: Clock;
  /** What callbacks are verified with; none: they are not. */
  readonly secrets: () => readonly string[];
  /** The answer to what is not refused for its signature: the status of its how-manieth attempt, after some time. */
  readonly answer: (attempt: number) => { readonly status: number; readonly retryAfterS?: number };
  readonly delayMs: number;
  readonly onArrival: (arrival: Arrival) => void;
}

const BODY_BYTES_MAX = 2 ** 20;
const IDS_MAX = 10_000;

export class CallbackReceiver implements AsyncDisposable {
  readonly #options: ReceiverOptions;
  readonly #server: Server;
  readonly #attempts = new RecentMap<string, number>(IDS_MAX);
  readonly #closing = new AbortController();

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      // A sender that goes away in the middle has sent nothing.
      this.#receive(request, response).catch(() => response.destroy());
    });
  }

  /** Resolves to the URL. Rejects if the address can't be listened on. */
  async listen(host: string, port: number): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, host, resolve);
    });
    const { port: bound } = this.#server.address() as AddressInfo;
    return `http://${host.includes(':') ? `[${host}]` : host}:${bound}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    // Those that are idle from now on have nothing more to bring.
    this.#server.keepAliveTimeout = 1;
    this.#server.closeIdleConnections();
    await closed;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      response.writeHead(405, { allow: 'POST', connection: 'close' }).end();
      return;
    }
    const body = await bodyText(request, BODY_BYTES_MAX);
    if (body === undefined) {
      response.writeHead(413, { connection: 'close' }).end();
      return;
    }
    const { clock, secrets, answer, delayMs, onArrival } = this.#options;
    const webhookId = String(request.headers['webhook-id'] ?? '');
    const attempt = (this.#attempts.get(webhookId) ?? 0) + 1;
    this.#attempts.set(webhookId, attempt);
    const check = checkCallback(signatureHeaders(request), body, secrets());
    const { status, retryAfterS } = check.kind === 'bad' ? { status: 401 } : answer(attempt);
    onArrival({ atMs: clock.wallMs(), path: request.url ?? '/', webhookId, attempt, check, status, body });
    if (delayMs > 0) await clock.sleep(delayMs, this.#closing.signal);
    response
      .writeHead(status, { ...(retryAfterS !== undefined && { 'retry-after': String(retryAfterS) }) })
      .end();
  }
}

function signatureHeaders({ headers }: IncomingMessage): Record<string, string> {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  return Object.fromEntries(names.map((name) => [name, String(headers[name] ?? '')]));
}
