/** A server over a fake service, on a port of its own, for tests. */
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { EMPTY_ALLOW_LIST } from '../callbacks/allow-list.ts';
import { DEFAULT_PORT_RANGES } from '../callbacks/port-ranges.ts';
import type { ProblemBody } from '../contract/problem-body.ts';
import { buildApp, type AppParts } from './build-app.ts';
import { FakeService } from './fake-service.ts';
import type { HttpConfig } from './http-context.ts';

export class TestServer implements AsyncDisposable {
  readonly service = new FakeService();
  /** What was logged. */
  readonly logged: { context: object; message: string }[] = [];
  readonly #app: ReturnType<typeof buildApp>;
  readonly #sockets = new Set<Socket>();

  private constructor(
    config: Partial<HttpConfig>,
    access: AppParts['access'],
    clusterStatus: AppParts['clusterStatus'],
  ) {
    this.#app = buildApp({
      service: this.service,
      config: {
        digitsMax: 1000,
        waitMsMax: 1800,
        callbackPolicy: { allowList: EMPTY_ALLOW_LIST, ports: DEFAULT_PORT_RANGES },
        ...config,
      },
      metrics: new Registry(),
      ...(access && { access }),
      ...(clusterStatus && { clusterStatus }),
      logger: { error: (context, message) => this.logged.push({ context, message }) },
    });
    this.#app.server.on('connection', (socket: Socket) => this.#sockets.add(socket));
  }

  /** Without `access` no API keys are asked for. */
  static async start(
    config: Partial<HttpConfig> = {},
    access?: AppParts['access'],
    clusterStatus?: AppParts['clusterStatus'],
  ): Promise<TestServer> {
    const server = new TestServer(config, access, clusterStatus);
    await server.#app.listen({ port: 0, host: '127.0.0.1' });
    return server;
  }

  get port(): number {
    return (this.#app.server.address() as AddressInfo).port;
  }

  get connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  /** Bytes that have arrived, over all connections there ever were. */
  get bytesRead(): number {
    return this.#sockets.values().reduce((sum, socket) => sum + socket.bytesRead, 0);
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, { redirect: 'manual', ...init });
  }

  /** Sends a JSON body to `/requests` as caller acme; a string is sent as it is. */
  submit(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.post('/requests', body, { 'x-caller-id': 'acme', ...headers });
  }

  /** Sends a JSON body; a string is sent as it is. */
  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body:
        typeof body === 'string'
          ? body
          : body instanceof Uint8Array
            ? new Blob([new Uint8Array(body)])
            : JSON.stringify(body),
    });
  }

  /** A bare connection. */
  connect(localAddress = '127.0.0.1'): Socket {
    return connect({ port: this.port, host: '127.0.0.1', localAddress }).on('error', () => undefined);
  }

  /** Sends bytes as they are; resolves to all that came back until the server closed. */
  async exchange(text: string | Uint8Array): Promise<string> {
    const socket = this.connect();
    socket.write(text);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer;
  }

  /** Stops the server; resolves once all that was in flight is answered. */
  close(): Promise<void> {
    return this.#app.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#app.server.closeAllConnections();
    await this.#app.close();
  }
}

/** The problem that an answer holds; throws if it is none. */
export async function problemOf(response: Response): Promise<ProblemBody> {
  const type = response.headers.get('content-type');
  if (type === null || !type.startsWith('application/problem+json'))
    throw new Error(`Expected a problem, got ${response.status} ${type}: ${await response.text()}`);
  return (await response.json()) as ProblemBody;
}

/** Resolves once `condition` holds; throws if it has not come about within 30 s. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`Waited in vain for ${String(condition)}`);
    await sleep(10);
  }
}
