/** A receiver of callbacks as its owner might have built it, well or badly: a real HTTP server that keeps what arrives and answers as a test wants. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { CallbackBody } from '../../src/contract/request-body.ts';

export interface Call {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: CallbackBody;
  /** When the whole of it was there, by the monotonic clock of this process. */
  readonly atMs: number;
}

/** Does whatever it likes with the response, also nothing. */
export type Behaviour = (response: http.ServerResponse, call: Call) => void;

export interface ReceiverOptions {
  readonly address?: string;
  readonly port?: number;
  readonly tls?: { readonly cert: string; readonly key: string };
}

export class Receiver implements AsyncDisposable {
  /** In the order of their arrival. */
  readonly calls: Call[] = [];
  readonly #server: http.Server;
  readonly #address: string;
  readonly #scheme: string;
  #behaviour: Behaviour;
  /** Calls that are unanswered now. */
  underWay = 0;
  /** Connections ever made, whatever was said over them. */
  connections = 0;
  /** Most calls that were unanswered at a time. */
  underWayMax = 0;

  private constructor(behaviour: Behaviour, { address, tls }: ReceiverOptions) {
    this.#behaviour = behaviour;
    this.#address = address ?? '127.0.0.1';
    this.#scheme = tls ? 'https' : 'http';
    const serve = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      void this.#serve(request, response);
    };
    this.#server = tls ? https.createServer(tls, serve) : http.createServer(serve);
    this.#server.on('connection', () => this.connections++);
  }

  static async start(behaviour: Behaviour = answer(204), options: ReceiverOptions = {}): Promise<Receiver> {
    const receiver = new Receiver(behaviour, options);
    receiver.#server.listen(options.port ?? 0, receiver.#address);
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** As limits and rates know it. */
  get host(): string {
    return `${this.#address}:${this.port}`;
  }

  url(path = '/hook'): string {
    return `${this.#scheme}://${this.host}${path}`;
  }

  /** From now on. */
  behave(behaviour: Behaviour): void {
    this.#behaviour = behaviour;
  }

  callsFor(requestId: string): Call[] {
    return this.calls.filter(({ body }) => body.request_id === requestId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    const sent = await text(request).catch(() => undefined);
    // The other side hung up in the middle: it did not call.
    if (sent === undefined) return;
    this.underWayMax = Math.max(this.underWayMax, ++this.underWay);
    response.once('close', () => this.underWay--);
    assert.equal(request.method, 'POST');
    const call = {
      path: request.url ?? '',
      headers: request.headers as Record<string, string>,
      text: sent,
      body: JSON.parse(sent) as CallbackBody,
      atMs: performance.now(),
    };
    this.calls.push(call);
    this.#behaviour(response, call);
  }
}

export function answer(status: number, headers: Readonly<Record<string, string>> = {}): Behaviour {
  return (response) => response.writeHead(status, headers).end();
}

export function later(ms: number, behaviour: Behaviour): Behaviour {
  return (...args) => void setTimeout(() => behaviour(...args), ms);
}

/** Takes the call and never says a word. */
export const hang: Behaviour = () => undefined;

/** Cuts the connection with a TCP reset. */
export const reset: Behaviour = (response) => response.socket?.resetAndDestroy();

/** Sends these bytes, and nothing else, one at a time. */
export function drip(bytes: string, everyMs: number): Behaviour {
  return ({ socket }) => {
    let sent = 0;
    const timer = setInterval(() => socket?.write(bytes[sent++ % bytes.length] ?? ''), everyMs);
    socket?.once('close', () => clearInterval(timer));
  };
}

/** Does the first at the first call, and so on; at all later ones the last. */
export function inTurn(...behaviours: readonly Behaviour[]): Behaviour {
  let calls = 0;
  return (...args) => behaviours[Math.min(calls++, behaviours.length - 1)]?.(...args);
}
