/** The thread that owns the database: takes the lock, opens the file, runs one round after another. Started by `openSqliteStore`. */
import { errorMessage } from '../../base/error-message.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../base/clock.ts';
import { assert } from '../../base/assert.ts';
import { workKeys } from '../../domain/work-key.ts';
import { StoreError } from '../store.ts';
import { acceptHandlers } from './accept.ts';
import { callbackHandlers } from './callbacks.ts';
import { Database } from './database.ts';
import { finishHandlers } from './finish.ts';
import { jobLogHandlers } from './job-log.ts';
import { listHandlers } from './list.ts';
import { LogSpace } from './log-space.ts';
import type { Fault, Round } from './operation.ts';
import { takeOwnerLock } from './owner-lock.ts';
import { pruneHandlers } from './prune.ts';
import { readHandlers } from './read.ts';
import { Room } from './room.ts';
import { runRound, type RoundParts } from './run-round.ts';

export interface WorkerInput {
  readonly dataDir: string;
  readonly bytesMax: number;
  readonly sharesWork: boolean;
}

/** After this long without a round, the WAL is written back, so that the next busy time begins with an empty one. */
const IDLE_MS = 100;

const port = parentPort;
assert(port !== null, 'sqlite-worker.ts runs as a worker thread');
const { dataDir, bytesMax, sharesWork } = workerData as WorkerInput;

/** `undefined` once everything is open, otherwise why not. */
function open(): Fault | undefined {
  let lock: Disposable | undefined;
  try {
    lock = takeOwnerLock(dataDir);
    const database = new Database({ dataDir, bytesMax });
    const room = new Room({ database, bytesMax, clock: systemClock });
    const logSpace = new LogSpace(database);
    const workKeyOf = workKeys(sharesWork);
    const handlers = {
      ...acceptHandlers(database, room, workKeyOf),
      ...finishHandlers(database, workKeyOf),
      ...jobLogHandlers(database, room, logSpace),
      ...readHandlers(database, room),
      ...listHandlers(database),
      ...callbackHandlers(database),
      ...pruneHandlers(database, room, logSpace),
    };
    serve({ database, room, handlers }, lock);
    return undefined;
  } catch (error) {
    lock?.[Symbol.dispose]();
    const message = errorMessage(error);
    return { index: 0, code: error instanceof StoreError ? error.code : 'broken', message };
  }
}

function serve(parts: RoundParts, lock: Disposable): void {
  const { database } = parts;
  const idle = setTimeout(() => database.writeBack(), IDLE_MS);
  port?.on('message', (round: Round | null) => {
    if (round === null) {
      clearTimeout(idle);
      database[Symbol.dispose]();
      lock[Symbol.dispose]();
      port.close();
      return;
    }
    port.postMessage(runRound(parts, round));
    // Only now, so that nobody waits for it who need not.
    database.boundWal();
    idle.refresh();
  });
}

port.postMessage(open());
