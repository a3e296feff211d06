/** The thread that owns the database: takes the lock, opens the file, runs one round after another. Started by `openSqliteStore`. */
import { parentPort, workerData } from 'node:worker_threads';
import path from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { assert } from '../../base/assert.ts';
import { DatabaseFile } from './database-file.ts';
import { fileExtent } from './file-extent.ts';
import { allHandlers } from './handlers.ts';
import type { Round } from './operation.ts';
import { takeOwnerLock } from './owner-lock.ts';
import { Room } from './room.ts';
import { runRound, type RoundParts } from './run-round.ts';
import { isFatal, storeErrorCode } from './sqlite-error.ts';
import { openingOf } from './store-thread.ts';

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

function open(): void {
  const lock = takeOwnerLock(dataDir);
  try {
    const file = new DatabaseFile({ dataDir, bytesMax });
    const { database } = file;
    const room = new Room({ database, extent: () => fileExtent(file, bytesMax), clock: systemClock });
    const parts: RoundParts = {
      room,
      handlers: allHandlers(database, room, sharesWork),
      transaction: (work) => database.transaction(work),
      errorCode(error) {
        if (isFatal(error)) throw error;
        return storeErrorCode(error, path.dirname(file.file));
      },
      // Written back, the WAL is used again from its beginning.
      makeRoom: () => file.writeBack(),
    };
    serve(parts, file, lock);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

function serve(parts: RoundParts, file: DatabaseFile, lock: Disposable): void {
  const idle = setTimeout(() => file.writeBack(), IDLE_MS);
  // What it rejects with ends the thread.
  const run = async (round: Round): Promise<void> => {
    port?.postMessage(await runRound(parts, round));
    // Only now, so that nobody waits for it who need not.
    file.boundWal();
    idle.refresh();
  };
  port?.on('message', (round: Round | null) => {
    if (round !== null) {
      void run(round);
      return;
    }
    clearTimeout(idle);
    file[Symbol.dispose]();
    lock[Symbol.dispose]();
    port.close();
  });
}

port.postMessage(await openingOf(open));
