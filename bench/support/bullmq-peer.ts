/** A BullMQ peer: a redis-server that loses nothing, and its two processes, which can be killed and started again over it. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../scripts/servers/free-port.ts';
import { startRedisServer } from '../../scripts/servers/redis-server.ts';
import { ServerProcess } from '../../scripts/servers/server-process.ts';
import type { Order } from '../peers/bullmq-queues.ts';
import type { Contestant } from './contestant.ts';

const NAMES: Readonly<Record<Order, string>> = {
  arrival: 'BullMQ, first come first served',
  turns: 'BullMQ, a queue per caller in turn',
};

/** Its Redis never refuses for want of memory. */
const REDIS_SETTINGS = ['--maxmemory', '0'];

/** Resolves when it answers. */
export async function startBullmqPeer(order: Order): Promise<Contestant> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fairsieve-peer-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const redis = stack.use(await startRedisServer(folder, REDIS_SETTINGS));
  const url = `http://127.0.0.1:${await freePort()}`;
  const processOf = (program: URL): ServerProcess =>
    new ServerProcess({
      name: path.basename(program.pathname),
      url,
      program: process.execPath,
      args: [fileURLToPath(program)],
      env: {
        ...process.env,
        PEER_REDIS_URL: redis.url,
        PEER_ORDER: order,
        PEER_PORT: new URL(url).port,
      },
      isReady: (output) => /^ready$/m.test(output),
    });
  const processes = [
    stack.use(processOf(new URL('../peers/bullmq-api.ts', import.meta.url))),
    stack.use(processOf(new URL('../peers/bullmq-workers.ts', import.meta.url))),
  ];
  const start = async (): Promise<void> => {
    await Promise.all(processes.map((each) => each.start()));
  };
  await start();
  const owned = stack.move();
  return {
    name: NAMES[order],
    url,
    start,
    async kill() {
      await Promise.all(processes.map((each) => each.kill()));
    },
    async waiting() {
      const { waiting } = (await (await fetch(`${url}/waiting`)).json()) as { readonly waiting: number };
      return waiting;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
