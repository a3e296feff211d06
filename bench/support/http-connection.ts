/**
 * One keep-alive connection that asks and is answered, one exchange at a time.
 *
 * As light as can be, so that a generator on the machine of the server measures the server: the request is text that the
 * caller made, of the answer only status and `content-length` are looked at, and the body is a view into the read buffer.
 * Invariant: every exchange is answered exactly once, with status 0 if the connection broke under it.
 */
import assert from 'node:assert/strict';
import net from 'node:net';

/** `body` is overwritten after the call that hands it over. `status` 0: no answer came. */
export type OnAnswer = (status: number, body: Buffer) => void;

const READ_BYTES = 65_536;
const NOTHING = Buffer.alloc(0);
const HEAD_END = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const STATUS_START = 'HTTP/1.1 '.length;

export class HttpConnection implements Disposable {
  readonly #url: URL;
  #socket: net.Socket | undefined;
  /** What has come of an answer that is not whole yet. */
  #partial: Buffer | undefined;
  #onAnswer: OnAnswer | undefined;

  /** Connects at the first exchange, and again at the next one after it broke. */
  constructor(url: string) {
    this.#url = new URL(url);
  }

  get busy(): boolean {
    return this.#onAnswer !== undefined;
  }

  /** `request` is a whole HTTP/1.1 request in ASCII. To be called only when not `busy`. */
  exchange(request: string, onAnswer: OnAnswer): void {
    assert(!this.busy, 'An exchange is under way');
    this.#onAnswer = onAnswer;
    this.#socket ??= this.#connect();
    this.#socket.write(request, 'latin1');
  }

  #connect(): net.Socket {
    const socket = net.connect({
      host: this.#url.hostname,
      port: Number(this.#url.port),
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(READ_BYTES),
        callback: (bytes, buffer) => {
          this.#receive(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
          return true;
        },
      },
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket === socket) this.#break();
    });
    return socket;
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#partial ? Buffer.concat([this.#partial, chunk]) : chunk;
    const headEnd = bytes.indexOf(HEAD_END);
    const head = bytes.toString('latin1', 0, Math.max(0, headEnd));
    const bodyStart = headEnd + HEAD_END.length;
    const bodyEnd = bodyStart + Number(CONTENT_LENGTH.exec(head)?.[1] ?? 0);
    if (headEnd === -1 || bytes.length < bodyEnd) {
      // The read buffer is written over by the next chunk.
      this.#partial = this.#partial ? bytes : Buffer.from(bytes);
      return;
    }
    this.#partial = undefined;
    this.#answer(Number(head.slice(STATUS_START, STATUS_START + 3)), bytes.subarray(bodyStart, bodyEnd));
  }

  #answer(status: number, body: Buffer): void {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    onAnswer?.(status, body);
  }

  #break(): void {
    this.#socket = undefined;
    this.#partial = undefined;
    this.#answer(0, NOTHING);
  }

  [Symbol.dispose](): void {
    const socket = this.#socket;
    this.#break();
    socket?.destroy();
  }
}
