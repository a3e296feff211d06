/**
 * Reads the answers of HTTP/1.1 (RFC 9112) from bytes as they come: bodies with a length, in chunks, or until the end of the
 * connection. As light as can be: of the head only what delimits the answer is looked at.
 */
export interface Answer {
  readonly kind: 'answered';
  readonly status: number;
  /** From the status line on, without the blank line. */
  readonly head: string;
  /** Of an answer that came in one piece a view into the bytes given, which is good until the next ones come. */
  readonly body: Buffer;
  /** Whether the connection can be used again. */
  readonly isLast: boolean;
}

/** What came is no answer, or longer than anybody should send. */
export class MalformedAnswerError extends Error {
  override readonly name = 'MalformedAnswerError';
}

type Framing =
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

interface Head {
  readonly status: number;
  readonly text: string;
  readonly framing: Framing;
  readonly isLast: boolean;
}

const HEAD_BYTES_MAX = 65_536;
const BODY_BYTES_MAX = 2 ** 24;
const CRLF = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})/;
const CONTENT_LENGTH = /\r\ncontent-length: *(\d{1,15}) *(?:\r\n|$)/i;
const CHUNKED = /\r\ntransfer-encoding:[^\r]*\bchunked *(?:\r\n|$)/i;
const CLOSE = /\r\nconnection:[^\r]*\bclose\b/i;
const CHUNK_SIZE = /^([\da-f]{1,8})[ \t]*(?:;.*)?$/i;
const NOTHING = Buffer.alloc(0);

export class AnswerReader {
  #head: Head | undefined;
  /** Bytes that are not understood yet: of a head or of a chunk that is not whole. */
  #rest: Buffer = NOTHING;
  #pieces: Buffer[] = [];
  #bodyBytes = 0;

  /** Whether the head of the answer that is being read is there. */
  get hasHead(): boolean {
    return this.#head !== undefined;
  }

  /** Whether nothing of an answer has come yet. */
  get isFresh(): boolean {
    return this.#head === undefined && this.#rest.length === 0;
  }

  /** The answer, once it is whole. Throws a MalformedAnswerError; then, and after a last answer, the reader is of no use any more. */
  read(chunk: Buffer): Answer | undefined {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = NOTHING;
    while (this.#head === undefined) {
      const end = bytes.indexOf(HEAD_END);
      if (end === -1) {
        if (bytes.length > HEAD_BYTES_MAX) throw new MalformedAnswerError('the head has no end');
        this.#rest = Buffer.from(bytes);
        return undefined;
      }
      const head = readHead(bytes.toString('latin1', 0, end));
      bytes = bytes.subarray(end + HEAD_END.length);
      // What is under way tells of itself (1xx); the answer comes after it.
      if (head.status >= 200) this.#head = head;
    }
    const { framing } = this.#head;
    if (framing.kind === 'chunked') return this.#readChunks(bytes);
    const length = framing.kind === 'length' ? framing.length : Infinity;
    if (this.#bodyBytes + bytes.length > length)
      throw new MalformedAnswerError('more came than was announced');
    if (this.#bodyBytes === 0 && bytes.length === length) return this.#answer(bytes);
    this.#keep(bytes);
    return this.#bodyBytes === length ? this.#answer(Buffer.concat(this.#pieces)) : undefined;
  }

  /** The answer that the end of the connection completes, if it does. */
  readEnd(): Answer | undefined {
    return this.#head?.framing.kind === 'until-close' ? this.#answer(Buffer.concat(this.#pieces)) : undefined;
  }

  #readChunks(bytes: Buffer): Answer | undefined {
    let at = 0;
    for (;;) {
      const lineEnd = bytes.indexOf(CRLF, at);
      if (lineEnd === -1) break;
      const size = CHUNK_SIZE.exec(bytes.toString('latin1', at, lineEnd))?.[1];
      if (size === undefined) throw new MalformedAnswerError('a chunk has no size');
      const start = lineEnd + CRLF.length;
      const end = start + Number.parseInt(size, 16);
      if (end === start) {
        // Fields may follow the last chunk; the first blank line is the end, which may be the one that ended its size.
        const trailerEnd = bytes.indexOf(HEAD_END, lineEnd);
        if (trailerEnd === -1) break;
        if (bytes.length > trailerEnd + HEAD_END.length)
          throw new MalformedAnswerError('more came than was announced');
        return this.#answer(Buffer.concat(this.#pieces));
      }
      if (bytes.length < end + CRLF.length) break;
      if (bytes.indexOf(CRLF, end) !== end) throw new MalformedAnswerError('a chunk has no end');
      this.#keep(bytes.subarray(start, end));
      at = end + CRLF.length;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
    if (this.#rest.length > BODY_BYTES_MAX) throw new MalformedAnswerError('the body is too long');
    return undefined;
  }

  /** The buffer that bytes come in is written over by the next ones. */
  #keep(bytes: Buffer): void {
    this.#bodyBytes += bytes.length;
    if (this.#bodyBytes > BODY_BYTES_MAX) throw new MalformedAnswerError('the body is too long');
    if (bytes.length > 0) this.#pieces.push(Buffer.from(bytes));
  }

  #answer(body: Buffer): Answer {
    const { status, text, isLast } = this.#head!;
    this.#head = undefined;
    this.#pieces = [];
    this.#bodyBytes = 0;
    return { kind: 'answered', status, head: text, body, isLast };
  }
}

function readHead(text: string): Head {
  const line = STATUS_LINE.exec(text);
  if (line === null) throw new MalformedAnswerError('it does not begin as an answer');
  const status = Number(line[2]);
  const framing = framingOf(status, text);
  const isLast = line[1] === '0' || framing.kind === 'until-close' || CLOSE.test(text);
  return { status, text, framing, isLast };
}

function framingOf(status: number, text: string): Framing {
  if (status < 200 || status === 204 || status === 304) return { kind: 'length', length: 0 };
  const length = CONTENT_LENGTH.exec(text)?.[1];
  if (length !== undefined) return { kind: 'length', length: Number(length) };
  return CHUNKED.test(text) ? { kind: 'chunked' } : { kind: 'until-close' };
}
