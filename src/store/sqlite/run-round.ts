/**
 * Runs the operations of a round in one transaction. If one of them throws, nothing of the round stands, and each is run again in a
 * transaction of its own: so only the one at fault fails.
 */
import { errorMessage } from '../../base/error-message.ts';
import type { StoreErrorCode } from '../store.ts';
import type { Fault, Handlers, OperationName, Round, RoundReport } from './operation.ts';
import type { Room } from './room.ts';

export interface RoundParts {
  readonly room: Room;
  readonly handlers: Handlers;
  /** Runs `work` and makes what it wrote durable; if anything throws, nothing is changed. */
  readonly transaction: <T>(work: () => T) => T | Promise<T>;
  /** What an error of a transaction means; undefined if the call itself was at fault. Throws those after which nothing can go on. */
  readonly errorCode: (error: unknown) => StoreErrorCode | undefined;
  /** After a write that found no room: what helps that the next one does. */
  readonly makeRoom: () => void;
}

/** Rejects only with what `errorCode` throws. */
export async function runRound(parts: RoundParts, { names, asks }: Round): Promise<RoundReport> {
  const { room, handlers, transaction } = parts;
  const run = (name: OperationName, i: number): unknown =>
    (handlers[name] as (ask: unknown) => unknown)(asks[i]);
  room.look();
  try {
    return { answers: await transaction(() => names.map(run)), faults: [] };
  } catch (error) {
    judge(parts, error);
  }
  const faults: Fault[] = [];
  const answers: unknown[] = [];
  for (const [i, name] of names.entries()) {
    try {
      // One after the other: each is a transaction.
      answers.push(await transaction(() => run(name, i)));
    } catch (error) {
      const code = judge(parts, error);
      faults.push({
        index: i,
        message: `Cannot ${name}: ${errorMessage(error)}`,
        ...(code && { code }),
      });
      answers.push(null);
    }
  }
  return { answers, faults };
}

function judge({ room, errorCode, makeRoom }: RoundParts, error: unknown): StoreErrorCode | undefined {
  const code = errorCode(error);
  if (code === 'full') {
    room.shut();
    makeRoom();
  }
  return code;
}
