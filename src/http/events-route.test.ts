import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProgressEvent } from '../contract/event-stream.ts';
import type { RequestBody } from '../contract/request-body.ts';
import type { RequestView } from '../service/service.ts';
import { TestServer, until } from './test-server.ts';

/** Only Linux has the whole of 127.0.0.0/8. */
const NEEDS_LOOPBACK_NETWORK = process.platform === 'linux' ? false : 'connects from 127.0.0.2';

interface StreamEvent {
  readonly event: string;
  readonly id: string;
  readonly data: RequestBody & ProgressEvent;
}

/** 12 MB, of which a connection that nobody reads from takes less than half. */
const BIG_EVENT = { event: 'recovered', atMs: 0, reason: 'x'.repeat(12_000_000) } as const;

/** The events that came whole. */
function eventsOf(text: string): StreamEvent[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .filter((block) => block.startsWith('event:'))
    .map((block) => {
      const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      const data = JSON.parse(fields.get('data') ?? 'null') as StreamEvent['data'];
      return { event: fields.get('event') ?? '', id: fields.get('id') ?? '', data };
    });
}

/** What a stream has told so far. */
class Received {
  text = '';
  readonly ended: Promise<void>;

  constructor(response: Response) {
    assert(response.body);
    this.ended = this.#collect(response.body.pipeThrough(new TextDecoderStream()));
  }

  get events(): StreamEvent[] {
    return eventsOf(this.text);
  }

  async #collect(chunks: AsyncIterable<string>): Promise<void> {
    for await (const chunk of chunks) this.text += chunk;
  }
}

describe('GET /requests/{id}/events', () => {
  it('tells each state and the progress between, and ends with the final state', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add({ position: 1 });
    const response = await server.fetch(`/requests/${requestId}/events`);
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    const received = new Received(response);
    const changes: Partial<RequestView>[] = [
      { position: 0 },
      { status: 'running', progress: { stage: 'siqs', fraction: 0.25 } },
      { progress: { stage: 'siqs', fraction: 0.5, remainingMs: 10 } },
      { status: 'done', complete: true },
    ];
    for (const [i, change] of changes.entries()) {
      await until(() => received.events.length === i + 1);
      server.service.change(requestId, change);
    }
    await received.ended;
    const { events } = received;
    assert.deepEqual(
      events.map(({ event, id, data }) => [event, id, data.status]),
      [
        ['state', 'queued', 'queued'],
        ['progress', 'queued', 'queued'],
        ['state', 'running', 'running'],
        ['progress', 'running', 'running'],
        ['state', 'done', 'done'],
      ],
    );
    assert.deepEqual(events[1]?.data, {
      request_id: requestId,
      status: 'queued',
      position: 0,
      expected_ms: null,
      progress: null,
    });
    assert.deepEqual(events[3]?.data.progress, { stage: 'siqs', fraction: 0.5, remaining_ms: 10 });
    assert.equal(events[4]?.data.complete, true);
    assert.equal(server.service.watching.size, 0);
  });

  it('of a request that has ended is one event; a client that knows it is sent away for good', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add({ status: 'done' });
    const path = `/requests/${requestId}/events`;
    assert.equal(eventsOf(await (await server.fetch(path)).text()).length, 1);
    const stale = await server.fetch(path, { headers: { 'last-event-id': 'running' } });
    assert.equal(eventsOf(await stale.text()).length, 1);
    assert.equal((await server.fetch(path, { headers: { 'last-event-id': 'done' } })).status, 204);
  });

  it('says that it is alive while nothing happens', async () => {
    await using server = await TestServer.start({ heartbeatMs: 50 });
    const { requestId } = server.service.add();
    const received = new Received(await server.fetch(`/requests/${requestId}/events`));
    await until(() => received.text.split(': alive\n\n').length >= 3);
    server.service.change(requestId, { status: 'cancelled' });
    await received.ended;
    assert.equal(received.events.at(-1)?.data.status, 'cancelled');
  });

  it('lets go of everything when the client goes away', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add();
    const socket = server.connect();
    socket.write(`GET /requests/${requestId}/events HTTP/1.1\r\nHost: x\r\n\r\n`);
    await until(() => server.service.watching.size === 1);
    socket.destroy();
    await until(async () => server.service.watching.size === 0 && (await server.connections) === 0);
    assert.match(await (await server.fetch('/metrics')).text(), /fairsieve_http_waiters 0/);
  });

  it('gives up on a client that takes nothing, and buffers little for it meanwhile', async () => {
    await using server = await TestServer.start({ heartbeatMs: 300 });
    const { requestId } = server.service.add({ status: 'running' });
    const socket = server.connect().pause();
    socket.write(`GET /requests/${requestId}/events HTTP/1.1\r\nHost: x\r\n\r\n`);
    await until(() => server.service.watching.size === 1);
    const reason = 'x'.repeat(1_000_000);
    const before = process.memoryUsage.rss();
    let changes = 0;
    await until(() => {
      const status = changes++ % 2 === 0 ? 'queued' : 'running';
      server.service.change(requestId, { status, timeline: [{ event: 'recovered', atMs: 0, reason }] });
      return server.service.watching.size === 0;
    });
    assert.ok(process.memoryUsage.rss() - before < 300e6);
    socket.destroy();
  });

  it('gives up on a client that takes nothing behind an answer that is still held', async () => {
    await using server = await TestServer.start({ heartbeatMs: 100, waitMsMax: 30_000 });
    const held = server.service.add().requestId;
    const { requestId } = server.service.add({ timeline: [BIG_EVENT] });
    const socket = server.connect().resume();
    socket.write(
      `GET /requests/${held} HTTP/1.1\r\nHost: x\r\nPrefer: wait=30\r\n\r\nGET /requests/${requestId}/events HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    await once(socket, 'close');
    await until(() => server.service.watching.size === 0);
  });

  it('that has ended is cut off when its client does not take the rest for a time', async () => {
    await using server = await TestServer.start({ watchersMax: 0, stalledMs: 300 });
    const { requestId } = server.service.add({ timeline: [BIG_EVENT] });
    const socket = server.connect().pause();
    socket.write(`GET /requests/${requestId}/events HTTP/1.1\r\nHost: x\r\n\r\n`);
    await until(() => server.bytesRead > 0);
    await until(async () => (await server.connections) === 0);
    socket.destroy();
  });

  it('gives the state alone when too many wait already', async () => {
    await using server = await TestServer.start({ watchersMax: 1 });
    const { requestId } = server.service.add();
    const first = await server.fetch(`/requests/${requestId}/events`);
    const second = await (await server.fetch(`/requests/${requestId}/events`)).text();
    assert.deepEqual(
      eventsOf(second).map(({ id }) => id),
      ['queued'],
    );
    assert.match(second, /^retry: \d+\n\n/);
    server.service.change(requestId, { status: 'done' });
    assert.equal(eventsOf(await first.text()).length, 2);
  });

  it(
    'leaves places for others, however many one client wants',
    { skip: NEEDS_LOOPBACK_NETWORK },
    async () => {
      await using server = await TestServer.start({ watchersMax: 8 });
      const { requestId } = server.service.add();
      const stream = `GET /requests/${requestId}/events HTTP/1.1\r\nHost: x\r\n\r\n`;
      const greedy = Array.from({ length: 8 }, () => server.connect());
      let answered = 0;
      for (const socket of greedy) socket.once('data', () => answered++).write(stream);
      await until(() => answered === 8);
      assert.equal(server.service.watching.size, 4);
      const other = server.connect('127.0.0.2');
      other.write(stream);
      await until(() => server.service.watching.size === 5);
      for (const socket of [...greedy, other]) socket.destroy();
    },
  );

  it('ends when the service breaks, which the log then has', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add();
    server.service.watch = async function* () {
      await sleep(10);
      yield this.add();
      throw new Error('the store is gone');
    };
    const text = await (await server.fetch(`/requests/${requestId}/events`)).text();
    assert.equal(eventsOf(text).length, 1);
    assert.deepEqual(
      server.logged.map(({ message }) => message),
      ['An event stream failed'],
    );
  });

  it('of a client that left while its request was looked up waits for nothing', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add();
    const lookUp = server.service.lookUp.bind(server.service);
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const { promise: left, resolve: leave } = Promise.withResolvers<void>();
    server.service.lookUp = async (id) => {
      ask();
      await left;
      return lookUp(id);
    };
    const socket = server.connect();
    socket.write(`GET /requests/${requestId}/events HTTP/1.1\r\nHost: x\r\n\r\n`);
    await asked;
    socket.destroy();
    await until(async () => (await server.connections) === 0);
    leave();
    // By the time that this is answered, the route has gone on with what it was told.
    const metrics = await (await server.fetch('/metrics')).text();
    assert.equal(server.service.watching.size, 0);
    assert.match(metrics, /fairsieve_http_waiters 0/);
  });

  it('ends when the server stops', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add();
    const response = await server.fetch(`/requests/${requestId}/events`);
    await server.close();
    assert.deepEqual(
      eventsOf(await response.text()).map(({ id }) => id),
      ['queued'],
    );
  });
});
