/**
 * Whether a NATS server is there: it speaks first. The client library never closes a connection on which that word does not come, so
 * each try at a server that is stopped or behind a dead route would leave one open that keeps the process up. Here it is closed.
 */
import { connect } from 'node:net';
import { assert } from '../../base/assert.ts';

/**
 * Resolves when the server has said its first word. Rejects with the reason if it is not to be reached or says nothing within `msMax`, or when
 * `signal` aborts. `server` is host:port, an IPv6 address in brackets.
 */
export function natsGreeting(server: string, msMax: number, signal: AbortSignal): Promise<void> {
  const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(server) ?? [];
  assert(host !== undefined, `A server is host:port: ${server}`);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), signal });
    const late = new Error(`it said nothing within ${msMax} ms`);
    const timer = setTimeout(() => socket.destroy(late), msMax);
    socket.once('data', () => {
      resolve();
      socket.destroy();
    });
    let reason: Error = new Error('it hung up without a word');
    socket.once('error', (error) => (reason = error));
    socket.once('close', () => {
      clearTimeout(timer);
      reject(reason);
    });
  });
}
