/**
 * Runs the operations of a round in one transaction. If one of them throws, nothing of the round stands, and each is run again in a
 * transaction of its own: so only the one at fault fails.
 */
import { errorMessage } from '../../base/error-message.ts';
import path from 'node:path';
import type { Database } from './database.ts';
import type { Fault, Handlers, OperationName, Round, RoundReport } from './operation.ts';
import type { Room } from './room.ts';
import { isFatal, storeErrorCode } from './sqlite-error.ts';

export interface RoundParts {
  readonly database: Database;
  readonly room: Room;
  readonly handlers: Handlers;
}

/** Throws only what makes the connection unusable. */
export function runRound(parts: RoundParts, round: Round): RoundReport {
  const { database, room, handlers } = parts;
  const { names, asks } = round;
  const run = (name: OperationName, i: number): unknown =>
    (handlers[name] as (ask: unknown) => unknown)(asks[i]);
  room.look();
  try {
    return { answers: database.transaction(() => names.map(run)), faults: [] };
  } catch (error) {
    makeRoom(parts, error);
  }
  const faults: Fault[] = [];
  const answers = names.map((name, i) => {
    try {
      return database.transaction(() => run(name, i));
    } catch (error) {
      const code = makeRoom(parts, error);
      faults.push({
        index: i,
        message: `Cannot ${name}: ${errorMessage(error)}`,
        ...(code && { code }),
      });
      return null;
    }
  });
  return { answers, faults };
}

/** After a write that found no room, writing the WAL back lets it be used again from its beginning. */
function makeRoom({ database, room }: RoundParts, error: unknown): ReturnType<typeof storeErrorCode> {
  if (isFatal(error)) throw error;
  const code = storeErrorCode(error, path.dirname(database.file));
  if (code === 'full') {
    room.shut();
    database.writeBack();
  }
  return code;
}
