/** Hosts that take connections and never answer. */
import { once } from 'node:events';
import net from 'node:net';

export interface HangingHosts extends AsyncDisposable {
  readonly urls: readonly string[];
  /** Connections that were ever made to them. */
  readonly hung: number;
}

const BACKLOG = 4_096;

export async function startHangingHosts(count: number): Promise<HangingHosts> {
  const sockets = new Set<net.Socket>();
  let hung = 0;
  const hang = (socket: net.Socket): void => {
    hung++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    // Read and dropped, so that the end of the connection is seen.
    socket.resume();
  };
  const servers = Array.from({ length: count }, () => net.createServer(hang));
  const listening = Promise.all(servers.map((server) => once(server, 'listening')));
  for (const server of servers) server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG });
  await listening;
  return {
    urls: servers.map((server) => `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`),
    get hung() {
      return hung;
    },
    async [Symbol.asyncDispose]() {
      const closed = Promise.all(servers.map((server) => once(server, 'close')));
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
