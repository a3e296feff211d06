/** TCP ports of this machine on which nobody listens. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { randomFraction } from '../../src/base/random.ts';

/**
 * Below the ports that systems give to outgoing connections (from 32,768 on Linux, 49,152 elsewhere): a server that is killed and
 * started again under load would find its own taken by one of those.
 */
const FROM = 10_000;
const BELOW = 32_000;
const TRIES_MAX = 100;

/** Free now; it may be taken by another a moment later, if not used at once. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = FROM + Math.floor(randomFraction() * (BELOW - FROM));
    if (await isFreePort(port)) return port;
  }
  throw new Error(`None of ${TRIES_MAX} ports tried from ${FROM} to ${BELOW} is free`);
}

/** Whether nobody listens on it now: also not one who would let others listen beside it (SO_REUSEPORT), as HAProxy does. */
export async function isFreePort(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
