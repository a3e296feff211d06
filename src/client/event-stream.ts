/**
 * Reads server-sent events (WHATWG HTML, 9.2.6) from bytes as they come. `id` and `retry` are passed over: the service sends the
 * whole state at the beginning of each stream.
 */
export interface StreamedEvent {
  readonly event: string;
  readonly data: string;
}

/** Longest line, in characters; a request with its timeline has a few thousand. */
const LINE_CHARS_MAX = 1_048_576;

/** The events of a stream; one cut off before its blank line is dropped. Throws what the stream throws, or if a line is too long. */
export async function* readEvents(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<StreamedEvent, void, undefined> {
  let event = '';
  let data: string[] = [];
  for await (const line of readLines(bytes)) {
    if (line === '') {
      if (data.length > 0) yield { event: event || 'message', data: data.join('\n') };
      event = '';
      data = [];
      continue;
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }
}

/** Lines end with LF, CRLF or CR; the last one counts only if it is ended. */
async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let endsInCr = false;
  for await (const chunk of bytes) {
    const text = decoder.decode(chunk, { stream: true });
    rest += text;
    // A long line comes in many chunks: looking through all of it at each would take the square of its length.
    if (text.includes('\n') || text.includes('\r') || endsInCr) {
      // A CR at the very end may be half of a CRLF.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      endsInCr = rest.endsWith('\r');
      yield* lines;
    }
    if (rest.length > LINE_CHARS_MAX)
      throw new Error(`An event has a line of more than ${LINE_CHARS_MAX} characters`);
  }
}
