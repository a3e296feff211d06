/** `GET /requests/{id}/events`: server-sent events until the request has ended. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import * as Type from 'typebox';
import { HEARTBEAT_MS, STALLED_MS_MAX } from '../domain/limits.ts';
import { hasEnded } from '../domain/request.ts';
import type { RequestView } from '../service/service.ts';
import { cutOffStalled } from './cut-off-stalled.ts';
import { PROBLEM, RESUME_STREAM_HEADERS, UNAVAILABLE } from './documented.ts';
import { notFound, RequestParams } from './fetch-route.ts';
import type { HttpApp, HttpConfig, HttpContext } from './http-context.ts';
import { progressEventJson, requestJson } from './request-json.ts';

export function addEventsRoute(app: HttpApp, { serviceFor, config, watchers, logger }: HttpContext): void {
  app.get(
    '/requests/:request_id/events',
    {
      exposeHeadRoute: false,
      schema: {
        operationId: 'events',
        summary: 'The life of a request as server-sent events',
        description:
          'First a `state` event with the whole request, another at each change of status (changes close to each other are told as one), `progress` events in between, and a comment as a heartbeat. The stream ends after the final state; a client that reconnects after having seen it gets 204, which ends an EventSource for good.',
        tags: ['requests'],
        params: RequestParams,
        response: {
          200: {
            description:
              'The stream. The data of `state` is a `Request`, that of `progress` a `ProgressEvent`.',
            content: { 'text/event-stream': { schema: Type.String() } },
          },
          204: Type.Null({
            description: 'The request has ended, and `Last-Event-ID` says that this is known.',
          }),
          '4xx': PROBLEM,
          503: UNAVAILABLE,
        },
      },
      config: { documentedHeaders: RESUME_STREAM_HEADERS },
    },
    async (request, reply) => {
      const service = serviceFor(request);
      const view = await service.lookUp(request.params.request_id);
      if (view === undefined) throw notFound(request.params.request_id);
      if (hasEnded(view.status) && request.headers['last-event-id'] === view.status)
        return reply.code(204).send();
      reply.hijack();
      const stream = new EventStream(reply.raw, config);
      const waiter = watchers.enter(request, reply);
      try {
        // Without a place to wait in, the client gets the state now and is told to come back later.
        if (waiter === undefined) await stream.send(view);
        else
          for await (const next of service.watch(request.params.request_id, waiter.signal)) {
            if (waiter.signal.aborted || request.bearer?.isValid() === false) break;
            await stream.send(next, waiter.signal);
          }
      } catch (error) {
        // The answer has begun: all that is left is to end it, and the client will come back.
        logger.error({ err: error, method: request.method, url: request.url }, 'An event stream failed');
      } finally {
        waiter?.leave();
        stream.end();
      }
      return reply;
    },
  );
}

/** The `retry` of a stream: when a client that lost it should come back. */
const RECONNECT_MS = 3_000;

class EventStream {
  readonly #response: ServerResponse;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #stalledMs: number;
  #status: RequestView['status'] | undefined;

  constructor(
    response: ServerResponse,
    { heartbeatMs = HEARTBEAT_MS, stalledMs = STALLED_MS_MAX }: HttpConfig,
  ) {
    this.#response = response;
    this.#stalledMs = stalledMs;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${RECONNECT_MS}\n\n`);
    this.#heartbeat = setInterval(() => {
      // A client that has taken nothing for a whole interval is as good as gone, with whatever this waits behind.
      if (response.writableNeedDrain) response.req.socket.destroy();
      else response.write(': alive\n\n');
    }, heartbeatMs);
  }

  /** Sends what the client does not know yet; resolves once there is room for more. */
  async send(view: RequestView, signal?: AbortSignal): Promise<void> {
    const [event, data] =
      view.status === this.#status ? ['progress', progressEventJson(view)] : ['state', requestJson(view)];
    this.#status = view.status;
    const room = this.#response.write(`event: ${event}\nid: ${view.status}\ndata: ${data}\n\n`);
    if (room || signal === undefined) return;
    await once(this.#response, 'drain', { signal }).catch(() => undefined);
  }

  end(): void {
    clearInterval(this.#heartbeat);
    const response = this.#response.end();
    // What a client has not taken by then, it never will.
    if (!response.writableFinished) cutOffStalled(response, this.#stalledMs);
  }
}
