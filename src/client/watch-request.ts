/** Follows a request by server-sent events, again after each loss of the stream, and by long-polls where no stream gets through. */
import type { EventPayloads } from '../contract/event-stream.ts';
import type { RequestBody } from '../contract/request-body.ts';
import { checkedRequest, isEnded } from './checked-request.ts';
import type { Connection } from './connection.ts';
import { readEvents, type StreamedEvent } from './event-stream.ts';
import { isObject } from './is-object.ts';
import { longPoll, requestPath } from './long-poll.ts';

/** A stream without a byte for this long is taken for lost: the service sends a heartbeat three times as often. */
const SILENCE_MS = 45_000;
/** A stream that ends sooner than this is no use. */
const USEFUL_MS = 10_000;
/** Streams of no use in a row before long-polls take over. */
const USELESS_MAX = 3;

/** Yields the request as it is, and again whenever its state or progress changes; returns after it has ended. */
export async function* watchRequest(
  connection: Connection,
  requestId: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<RequestBody, void, undefined> {
  const { clock } = connection;
  for (let useless = 0; useless < USELESS_MAX;) {
    const openedMs = clock.monotonicMs();
    for await (const request of streamed(connection, requestId, signal)) {
      yield request;
      if (isEnded(request)) return;
    }
    useless = clock.monotonicMs() - openedMs < USEFUL_MS ? useless + 1 : 0;
    await clock.pause(connection.pollDelayMs(useless + 1), signal);
  }
  yield* longPoll(connection, requestId, { until: 'change', signal });
}

/** What one stream brings, until it ends or is lost. */
async function* streamed(
  connection: Connection,
  requestId: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<RequestBody, void, undefined> {
  const closing = new AbortController();
  const close = AbortSignal.any([closing.signal, ...(signal ? [signal] : [])]);
  try {
    const response = await connection.open(
      { method: 'GET', path: `${requestPath(requestId)}/events`, headers: { accept: 'text/event-stream' } },
      close,
    );
    if (!response.body || !/^text\/event-stream\b/.test(response.headers.get('content-type') ?? '')) return;
    let request: RequestBody | undefined;
    for await (const event of readEvents(untilLost(response.body, signal))) {
      request = applied(request, event);
      if (request) yield request;
    }
  } finally {
    closing.abort();
  }
}

/** The request after an event; undefined while its whole state has not come. */
function applied(request: RequestBody | undefined, { event, data }: StreamedEvent): RequestBody | undefined {
  if (event === ('state' satisfies keyof EventPayloads)) return checkedRequest(JSON.parse(data));
  if (event !== ('progress' satisfies keyof EventPayloads) || !request) return undefined;
  const news: unknown = JSON.parse(data);
  return checkedRequest({ ...request, ...(isObject(news) && news) });
}

/**
 * The chunks of `body`, by a reader, since not all browsers can iterate over a stream. Ends quietly when the stream is lost or
 * silent for too long: what follows is the same as after its proper end.
 */
async function* untilLost(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader();
  for (;;) {
    const chunk = await chunkInTime(reader);
    signal?.throwIfAborted();
    if (chunk === undefined) return;
    yield chunk;
  }
}

/** Undefined at the end, after a loss, and after `SILENCE_MS`. */
function chunkInTime(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, SILENCE_MS, undefined);
    const end = (chunk?: Uint8Array): void => {
      clearTimeout(timer);
      resolve(chunk);
    };
    reader.read().then(
      ({ value }) => end(value),
      () => end(),
    );
  });
}
