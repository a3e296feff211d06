/**
 * For tests: a real HTTP server on loopback that answers a load as the service would, except where it is told to do wrong. The id of a
 * request is its number, so that nothing has to be kept.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import type { Kernel } from '../kernel/kernel.ts';
import { createKernel, loadKernelModule } from '../kernel/load-kernel.ts';

/** The request as it is told, before it is sent. */
export type Told = Record<string, unknown>;

/** What is done instead of answering. */
export type Misbehaviour = (response: ServerResponse) => void;

export interface Faults {
  /** Nothing is answered in this time, counted from the first submission. */
  readonly stall?: { readonly fromMs: number; readonly toMs: number };
  /** What a result is changed to, by the index of its submission. */
  readonly result?: (told: Told, index: number) => Told;
  /** Instead of answering a submission; undefined: it is answered. */
  readonly submission?: (index: number) => Misbehaviour | undefined;
  /** Instead of answering `GET /requests/{id}`. */
  readonly fetch?: (index: number) => Misbehaviour | undefined;
  /** How often each callback is sent; once if absent. */
  readonly callbacks?: (index: number) => number;
  /** The body of `GET /healthz`. */
  readonly health?: string;
  /** Whether it takes nothing without an API key. */
  readonly asksForKey?: boolean;
  readonly callbackBody?: (body: string, index: number) => string;
}

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export class FaultyService implements AsyncDisposable {
  /** Submissions that came, callbacks that were taken. */
  submissions = 0;
  delivered = 0;
  readonly #kernel: Kernel;
  readonly #faults: Faults;
  // It closes no idle connection by itself: what is closed is closed by the load.
  readonly #server = createServer(
    { keepAliveTimeout: 0 },
    (request, response) => void this.#serve(request, response),
  );
  readonly #indexes = new Map<string, number>();
  readonly #signer = new Webhook(SECRET);
  readonly #sequences = new Map<string, number>();
  #firstMs: number | undefined;

  private constructor(kernel: Kernel, faults: Faults) {
    this.#kernel = kernel;
    this.#faults = faults;
  }

  static async start(faults: Faults = {}, host = '127.0.0.1'): Promise<FaultyService> {
    const service = new FaultyService(createKernel(await loadKernelModule()), faults);
    service.#server.listen(0, host);
    await once(service.#server, 'listening');
    return service;
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
  }

  /** Connections that are open now. */
  async connections(): Promise<number> {
    return new Promise((resolve) => this.#server.getConnections((_error, count) => resolve(count)));
  }

  /** Whether all connections are closed within so long. */
  async isLeft(msMax: number): Promise<boolean> {
    const endMs = performance.now() + msMax;
    while ((await this.connections()) > 0) {
      if (performance.now() >= endMs) return false;
      await sleep(10);
    }
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    const { method, url: path = '', headers } = request;
    const body = await text(request).catch(() => '');
    if (path.endsWith('/healthz')) return void response.end(this.#faults.health ?? '{"status":"ok"}');
    if (path.endsWith('/callback-secret')) return this.#tellSecret(response);
    if (method === 'GET') return this.#tell(path.split('/').at(-1)!, response);
    const number = /\d+/.exec(body)?.[0] ?? '1';
    const callbackUrl = /"callback_url":"([^"]*)"/.exec(body)?.[1];
    const callerId = String(headers['x-caller-id']);
    // The trial before a load is no part of it.
    if (callbackUrl?.endsWith('/trial')) {
      json(response, 202, { request_id: number, status: 'queued' });
      return this.#callBack(callbackUrl, callerId, number, -1);
    }
    const index = this.submissions++;
    this.#indexes.set(number, index);
    this.#firstMs ??= performance.now();
    await this.#stalled();
    const fault = this.#faults.submission?.(index);
    if (fault) return fault(response);
    if (path.endsWith('/sync')) return json(response, 200, this.#result(number, callerId));
    if (path.endsWith('/values')) return void response.end(this.#value(number));
    json(response, 202, { request_id: number, status: 'queued', number });
    if (callbackUrl !== undefined) await this.#callBack(callbackUrl, callerId, number, index);
  }

  /** As a service without API keys, which has no such path, or with them, where none is shown. */
  #tellSecret(response: ServerResponse): void {
    if (this.#faults.asksForKey === true) json(response, 401, { code: 'api_key_missing' });
    else json(response, 404, { code: 'not_found' });
  }

  async #tell(number: string, response: ServerResponse): Promise<void> {
    await this.#stalled();
    const fault = this.#faults.fetch?.(this.#indexes.get(number) ?? -1);
    if (fault) fault(response);
    else json(response, 200, this.#result(number, 'load-1'));
  }

  async #stalled(): Promise<void> {
    const { stall } = this.#faults;
    if (stall === undefined || this.#firstMs === undefined) return;
    const sinceMs = performance.now() - this.#firstMs;
    if (sinceMs >= stall.fromMs && sinceMs < stall.toMs) await sleep(stall.toMs - sinceMs);
  }

  #result(number: string, callerId: string): Told {
    const at = new Date().toISOString();
    const primes = this.#kernel.factorSmall(BigInt(number)).factors.map(({ prime }) => String(prime));
    const told: Told = {
      request_id: number,
      caller_id: callerId,
      status: 'done',
      number,
      prime_factors: primes,
      complete: true,
      cpu_ms: 1,
      accepted_at: at,
      started_at: at,
      finished_at: at,
      sequence: null,
    };
    const index = this.#indexes.get(number);
    return index === undefined ? told : (this.#faults.result?.(told, index) ?? told);
  }

  #value(number: string): string {
    const primes = this.#kernel.factorSmall(BigInt(number)).factors.map(({ prime }) => prime);
    return `[{"value":${number},"prime_factors":[${primes.join(',')}]}]`;
  }

  async #callBack(url: string, callerId: string, number: string, index: number): Promise<void> {
    const sequence = (this.#sequences.get(callerId) ?? 0) + 1;
    this.#sequences.set(callerId, sequence);
    const told = JSON.stringify({ ...this.#result(number, callerId), sequence });
    const body = this.#faults.callbackBody?.(told, index) ?? told;
    const at = new Date();
    const id = `${number}_${sequence}`;
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': this.#signer.sign(id, at, told),
    };
    const times = index === -1 ? 1 : (this.#faults.callbacks?.(index) ?? 1);
    for (let i = 0; i < times; i++) {
      // A receiver that is gone, as after a load that was aborted, takes nothing.
      const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
      if (answer?.ok) this.delivered++;
    }
  }
}

function json(response: ServerResponse, status: number, body: Told): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
