/** An endpoint for tests, at the level of sockets: it does with a connection whatever a test wants. */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { TEST_CERTIFICATE, TEST_CERTIFICATE_KEY } from './test-certificate.ts';

/** Called once the request is there as a whole (of a client that sends `content-length`). */
export type Behaviour = (socket: net.Socket, request: string) => void;

export interface EndpointOptions {
  readonly address?: string;
  readonly port?: number;
  readonly tls?: boolean;
}

export class FakeEndpoint implements AsyncDisposable {
  readonly requests: string[] = [];
  /** The name that the first TLS client asked for; false if it gave none. */
  readonly serverName: Promise<string | false | null>;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  /** Connections that were ever made. */
  connections = 0;
  #closed = Promise.withResolvers<void>();

  private constructor(behaviour: Behaviour, options: EndpointOptions) {
    const serve = (socket: net.Socket): void => this.#serve(socket, behaviour);
    const serverName = Promise.withResolvers<string | false | null>();
    this.serverName = serverName.promise;
    this.#server = options.tls
      ? tls.createServer({ cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY }, (socket) => {
          serverName.resolve(socket.servername);
          serve(socket);
        })
      : net.createServer(serve);
    // Handshakes that fail are the client's to tell.
    this.#server.on('tlsClientError', () => {});
    this.#server.on('connection', (socket: net.Socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        if (this.#sockets.size === 0) this.#closed.resolve();
      });
    });
  }

  static async start(behaviour: Behaviour, options: EndpointOptions = {}): Promise<FakeEndpoint> {
    const endpoint = new FakeEndpoint(behaviour, options);
    endpoint.#server.listen(options.port ?? 0, options.address ?? '127.0.0.1');
    await once(endpoint.#server, 'listening');
    return endpoint;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** Resolves when the client has closed every connection that it made; there must have been one. */
  allClosed(): Promise<void> {
    return this.#closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: net.Socket, behaviour: Behaviour): void {
    let received = '';
    let isServed = false;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received += String(chunk);
      const headEnd = received.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
      if (isServed || headEnd < 0 || received.length < headEnd + 4 + length) return;
      isServed = true;
      this.requests.push(received);
      behaviour(socket, received);
    });
  }
}

/** Answers with these bytes and hangs up. */
export function answering(...lines: readonly string[]): Behaviour {
  return (socket) => socket.end(`${lines.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`);
}
