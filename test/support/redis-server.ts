/** A real redis-server over a folder of its own, with the settings that a test wants, and what tests do to it. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { RedisClient } from '@redis/client';
import { startRedisServer } from '../../scripts/servers/redis-server.ts';
import type { ServerProcess } from '../../scripts/servers/server-process.ts';

const makeClient = RedisClient.factory({ RESP: 2 });

export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  /** To be killed, paused, and started again over the same folder and port. */
  readonly process: ServerProcess;
  /** Runs a command in a database, 0 by default, on a connection of its own. */
  run(command: readonly string[], database?: number): Promise<unknown>;
}

/** `settings`: arguments that override the usual ones, such as `['--maxmemory', '32mb']`. */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fairsieve-redis-'));
  const server = await startRedisServer(folder, settings);
  return {
    url: server.url,
    process: server,
    async run(command, database = 0) {
      const options = { url: server.url, RESP: 2, database };
      const client = makeClient(options);
      await client.connect();
      try {
        return await client.sendCommand(command);
      } finally {
        client.destroy();
      }
    },
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
