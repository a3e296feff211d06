/** A service that factors for callers over `POST /requests` and `GET /requests/{id}`, ours or a peer, as benchmarks handle it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Server } from '../../test/support/server.ts';
import { readGauges } from './service.ts';

export interface Contestant extends AsyncDisposable {
  readonly name: string;
  /** Another one after each start. */
  readonly url: string;
  /** Requests accepted and not finished. */
  waiting(): Promise<number>;
  /** kill -9 of its own processes; the database server of a peer goes on. */
  kill(): Promise<void>;
  /** Starts it again over the same data; resolves when it answers. */
  start(): Promise<void>;
}

export const OURS = 'fairsieve';

/** Over a new folder; resolves when it answers. */
export async function startFairsieve(): Promise<Contestant> {
  const server = await Server.start({ env: { FAIRSIEVE_LOG_LEVEL: 'error' } });
  return {
    name: OURS,
    get url() {
      return server.url;
    },
    async waiting() {
      return (await readGauges(server.url)).requests_waiting;
    },
    async kill() {
      await server.end('SIGKILL');
    },
    start: () => server.start(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Counting costs a peer a script for each queue. */
const POLL_MS = 100;

/** Whether everything accepted was finished within `msMax`. */
export async function finishedWithin(contestant: Contestant, msMax: number): Promise<boolean> {
  const endMs = performance.now() + msMax;
  while ((await contestant.waiting()) > 0) {
    if (performance.now() > endMs) return false;
    await sleep(POLL_MS);
  }
  return true;
}
