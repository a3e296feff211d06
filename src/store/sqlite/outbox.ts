/** The outbox in the worker: renewals of values that other shards are still to be told of (and those noted for own ones, see `ValueRows`). */
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import type { Database } from './database.ts';
import { rowsOf } from './flat-rows.ts';
import { RENEWAL_FIELDS, type Handlers, type RenewalRow } from './operation.ts';
import type { Room } from './room.ts';
import { limitTo, prepare } from './statement.ts';

type OutboxOperation = 'postRenewals' | 'pendingRenewals' | 'renewalsTold' | 'renewalShards';

const SHARDS = Array.from({ length: SEQ_STRIDE }, (_, shard) => shard);

/** Posts one renewal: shard, scope, number, deadline, version. */
export const POST_RENEWAL = `INSERT INTO outbox VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (shard, scope, number) DO UPDATE SET expires_at = excluded.expires_at, version = excluded.version
  WHERE excluded.version > version`;

export function outboxHandlers({ db }: Database, room: Room): Pick<Handlers, OutboxOperation> {
  const post = prepare(db, POST_RENEWAL);
  const first = prepare<readonly [scope: string]>(db, 'SELECT scope FROM outbox WHERE shard = ? LIMIT 1');
  const ofScope = prepare<RenewalRow>(
    db,
    `SELECT number, expires_at, version FROM outbox WHERE shard = ? AND scope = ? ${limitTo('?')}`,
  );
  const told = prepare(
    db,
    'DELETE FROM outbox WHERE shard = ? AND scope = ? AND number = ? AND version <= ?',
  );
  return {
    postRenewals([shards, scope, ...renewals]) {
      if (!room.open) return 'full';
      for (const renewal of rowsOf<RenewalRow>(renewals, RENEWAL_FIELDS)) {
        for (const shard of shards) post.run(shard, scope, ...renewal);
      }
      return null;
    },

    pendingRenewals([shard, limit]) {
      const [scope] = first.get(shard) ?? [];
      return scope === undefined ? null : [scope, ...ofScope.all(shard, scope, limit).flat()];
    },

    renewalsTold([shard, scope, ...renewals]) {
      for (const [number, , version] of rowsOf<RenewalRow>(renewals, RENEWAL_FIELDS))
        told.run(shard, scope, number, version);
      return null;
    },

    renewalShards: () => SHARDS.filter((shard) => first.get(shard) !== undefined),
  };
}
