/** All operations of the worker, put together from the files that hold them. */
import { valueScopes } from '../../domain/value.ts';
import { workKeys } from '../../domain/work-key.ts';
import { acceptHandlers } from './accept.ts';
import { callbackHandlers } from './callbacks.ts';
import { BatchRests } from './batch-rests.ts';
import type { Database } from './database.ts';
import { finishHandlers } from './finish.ts';
import { jobLogHandlers } from './job-log.ts';
import { listHandlers } from './list.ts';
import { LogSpace } from './log-space.ts';
import type { Handlers } from './operation.ts';
import { outboxHandlers } from './outbox.ts';
import { parcelHandlers } from './parcels.ts';
import { pruneHandlers } from './prune.ts';
import { readHandlers } from './read.ts';
import type { Room } from './room.ts';
import { spentOnWaiting } from './spent-on-waiting.ts';
import { valueHandlers } from './values.ts';
import { ValueRows } from './value-rows.ts';

/**
 * `sharesWork`: whether what is known by one caller's work answers others too. `shard`: the one that this store is, 0 where there are
 * no others.
 */
export function allHandlers(database: Database, room: Room, sharesWork: boolean, shard = 0): Handlers {
  const logs = new LogSpace(database);
  const rests = new BatchRests(database);
  const values = new ValueRows(database, rests);
  const workKeyOf = workKeys(sharesWork);
  const scopeOf = valueScopes(sharesWork);
  const withSpent = spentOnWaiting(database, workKeyOf);
  return {
    ...acceptHandlers({ database, room, rests, values, workKeyOf, scopeOf }),
    ...finishHandlers({ database, values, workKeyOf, scopeOf }),
    ...jobLogHandlers(database, room, logs),
    ...readHandlers(database, room, withSpent),
    ...listHandlers(database, withSpent),
    ...callbackHandlers(database),
    ...pruneHandlers({ database, room, logs, rests, values }),
    ...valueHandlers(database, room, values),
    ...outboxHandlers(database, room),
    ...parcelHandlers({ database, room, logs, rests, values, workKeyOf, shard }),
  };
}
