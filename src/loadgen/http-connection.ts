/**
 * One keep-alive connection that asks and is answered, one exchange at a time.
 *
 * As light as can be, so that a generator on the machine of the server measures the server: the request is text that the
 * caller made, and answers are read by `AnswerReader`.
 * Invariant: every exchange ends exactly once, as answered or as broken.
 */
import net from 'node:net';
import tls from 'node:tls';
import { assert } from '../base/assert.ts';
import { type Answer, AnswerReader } from './answer-reader.ts';

export type ExchangeEnd =
  | Answer
  /** No answer came, for a reason such as 'connection refused'. */
  | { readonly kind: 'broken'; readonly reason: string };

export type OnEnd = (end: ExchangeEnd) => void;

const READ_BYTES = 65_536;
/** A connection that was idle for longer is not used again: the server may be about to close it (Node.js does after 5 s). */
const IDLE_MS_MAX = 4_000;

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host not found',
  ETIMEDOUT: 'cannot connect',
  EHOSTUNREACH: 'cannot connect',
  ENETUNREACH: 'cannot connect',
  EADDRNOTAVAIL: 'no local port left',
  EMFILE: 'too many open files',
};

export class HttpConnection implements Disposable {
  readonly #url: URL;
  #socket: net.Socket | undefined;
  #reader = new AnswerReader();
  #onEnd: OnEnd | undefined;
  #onHead: (() => void) | undefined;
  /** Why the socket will close. */
  #reason: string | undefined;
  /** When the last exchange began or ended. */
  #changedMs = 0;

  /** An http or https URL. Connects at the first exchange, and again at the next one after it broke. */
  constructor(url: string) {
    this.#url = new URL(url);
  }

  get busy(): boolean {
    return this.#onEnd !== undefined;
  }

  /** `request` is a whole HTTP/1.1 request, a character for each byte. To be called only when not `busy`. `onHead` is told that the answer has begun. */
  exchange(request: string, onEnd: OnEnd, onHead?: () => void): void {
    assert(!this.busy, 'An exchange is under way');
    const nowMs = performance.now();
    if (nowMs - this.#changedMs > IDLE_MS_MAX) this.#drop();
    this.#changedMs = nowMs;
    this.#onEnd = onEnd;
    this.#onHead = onHead;
    this.#socket ??= this.#connect();
    this.#socket.write(request, 'latin1');
  }

  /** Ends an exchange that has been under way for longer than `msMax` as broken. */
  expire(msMax: number, reason: string): void {
    if (this.busy && performance.now() - this.#changedMs > msMax) this.end(reason);
  }

  /** Closes the connection; an exchange under way ends as broken. */
  end(reason: string): void {
    this.#drop();
    this.#finish({ kind: 'broken', reason });
  }

  [Symbol.dispose](): void {
    this.end('connection closed');
  }

  #connect(): net.Socket {
    const { protocol, hostname, port } = this.#url;
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket =
      protocol === 'https:'
        ? tls.connect({
            host,
            port: Number(port || 443),
            ...(net.isIP(host) === 0 && { servername: host }),
            ALPNProtocols: ['http/1.1'],
          })
        : net.connect({
            host,
            port: Number(port || 80),
            noDelay: true,
            onread: {
              buffer: Buffer.allocUnsafe(READ_BYTES),
              callback: (bytes, buffer) => {
                this.#receive(socket, Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
                return true;
              },
            },
          });
    if (protocol === 'https:')
      socket.setNoDelay(true).on('data', (chunk: Buffer) => this.#receive(socket, chunk));
    this.#reader = new AnswerReader();
    this.#reason = undefined;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#socket === socket) this.#reason = REASONS[reasonCode(error)] ?? error.message;
    });
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      const answer = this.#reader.readEnd();
      this.#drop();
      const closed = this.#reader.isFresh ? 'connection closed' : 'answer cut off';
      this.#finish(answer ?? { kind: 'broken', reason: this.#reason ?? closed });
    });
    return socket;
  }

  #receive(socket: net.Socket, chunk: Buffer): void {
    // What still comes over a connection that was given up is nobody's.
    if (this.#socket !== socket) return;
    // Nobody asked for it.
    if (!this.busy) return this.#drop();
    let answer: Answer | undefined;
    try {
      answer = this.#reader.read(chunk);
    } catch {
      return this.end('malformed answer');
    }
    if (this.#onHead && (answer || this.#reader.hasHead)) {
      this.#onHead();
      this.#onHead = undefined;
    }
    if (answer === undefined) return undefined;
    if (answer.isLast) this.#drop();
    return this.#finish(answer);
  }

  #finish(end: ExchangeEnd): void {
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    this.#onHead = undefined;
    this.#changedMs = performance.now();
    onEnd?.(end);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }
}

/** Where several addresses were tried, that of the first. */
function reasonCode(error: NodeJS.ErrnoException): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return (first as NodeJS.ErrnoException).code ?? '';
}
