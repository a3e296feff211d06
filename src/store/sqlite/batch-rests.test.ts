import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { PIECE_ROWS } from '../../domain/limits.ts';
import { FIRST_SEQ, NOW_MS, seqNo } from '../contract/store-fixture.ts';
import { BatchRests } from './batch-rests.ts';
import { Database } from './database.ts';
import { allHandlers } from './handlers.ts';
import type { AcceptAsk, Handlers, RestRow } from './operation.ts';
import { parcelContent } from './parcel-text.ts';
import { VALUES } from './request-row.ts';
import { Room } from './room.ts';
import { migrate } from './schema.ts';

const TOTAL = 3 * PIECE_ROWS;
const HEAD = [FIRST_SEQ, TOTAL] as const;

function openDatabase(): Database {
  const db = new DatabaseSync(':memory:');
  migrate(db, 'memory');
  return new Database(db);
}

/** The piece of a batch of values that begins with its `start`-th request; its numbers are 1,000 and so on. */
function askFrom(start: number, key: string | null = null): AcceptAsk {
  const rows = Array.from({ length: PIECE_ROWS }, (_, i) => [VALUES, String(1_000 + start + i), NOW_MS, i]);
  const [firstSeq, total] = HEAD;
  const head = [
    'acme',
    'T'.repeat(16),
    firstSeq,
    start,
    total,
    key,
    key && 'f',
    NOW_MS + 1,
    null,
    null,
  ] as const;
  return [...head, ...rows.flat()];
}

function restsOf(...starts: number[]): RestRow[] {
  return starts.map((start) => [FIRST_SEQ, start, JSON.stringify(askFrom(start))]);
}

const numberAt = (i: number): string => String(1_000 + i);

test('what batches are still to make values of is known as pieces come and go, also after a commit that failed', () => {
  using database = openDatabase();
  const rests = new BatchRests(database);
  const awaited = (scope = ''): boolean[] =>
    [0, PIECE_ROWS, 2 * PIECE_ROWS].map((i) => rests.isAwaited(scope, numberAt(i)));
  assert.deepEqual(awaited(), [false, false, false]);
  for (const row of restsOf(PIECE_ROWS, 2 * PIECE_ROWS)) rests.keep(askFrom(0), row);
  assert.deepEqual(awaited(), [false, true, true]);
  assert.deepEqual(awaited('acme'), [false, true, true]);
  assert.deepEqual(awaited('globex'), [false, false, false]);
  const fault = new Error('no room');
  assert.throws(
    () =>
      database.transaction(() => {
        rests.take(null);
        assert.deepEqual(awaited(), [false, false, true]);
        throw fault;
      }),
    fault,
  );
  assert.deepEqual(awaited(), [false, true, true]);
  rests.take([FIRST_SEQ, PIECE_ROWS]);
  assert.deepEqual(awaited(), [false, false, true]);
});

test('room is set aside for pieces while they are kept, over restarts too', () => {
  using database = openDatabase();
  const rests = new BatchRests(database);
  for (const row of restsOf(PIECE_ROWS, 2 * PIECE_ROWS)) rests.keep(askFrom(0), row);
  const both = database.restBytes;
  assert.ok(both > 2 * PIECE_ROWS * 500, `${both} bytes`);
  const again = new Database(database.db);
  const restsAgain = new BatchRests(again);
  assert.equal(again.restBytes, both);
  restsAgain.take(null);
  assert.ok(again.restBytes > both / 3 && again.restBytes < (both * 2) / 3);
  restsAgain.take(null);
  assert.equal(again.restBytes, 0);
});

/** The worker's side of a store with room for all. */
function handlersOf(database: Database): Handlers {
  const extent = { bytesEnd: 2 ** 30, size: 2 ** 30 };
  const room = new Room({ database, extent: () => extent, clock: { monotonicMs: () => 0 } });
  room.look();
  return allHandlers(database, room, true);
}

test('of a batch that is not all written, what is goes to another store, and its key goes after the rest', () => {
  using database = openDatabase();
  const handlers = handlersOf(database);
  handlers.accept([askFrom(0, 'key'), restsOf(PIECE_ROWS, 2 * PIECE_ROWS)]);
  const handOver = (): (string | null)[] => {
    const kinds = new Set<string>();
    for (;;) {
      const parcel = handlers.parcel(null);
      if (!(parcel instanceof Uint8Array)) return [...kinds, parcel];
      for (const [kind] of parcelContent(parcel).rows) kinds.add(kind);
      handlers.partWith(parcel);
    }
  };
  assert.deepEqual(handOver(), ['request', 'unwritten']);
  handlers.writeRest(null);
  assert.deepEqual(handOver(), ['request', 'unwritten']);
  handlers.writeRest(null);
  assert.deepEqual(handOver(), ['request', 'key', null]);
});

test('while a batch is written, terms are noted for what it is still to make and for nothing else, and go when nothing is', () => {
  using database = openDatabase();
  const { db } = database;
  const handlers = handlersOf(database);
  handlers.accept([askFrom(0), restsOf(PIECE_ROWS, 2 * PIECE_ROWS)]);
  const noted = (): unknown[] =>
    db
      .prepare('SELECT number FROM outbox ORDER BY number')
      .all()
      .map((row) => row['number']);
  const [first, last] = [numberAt(0), numberAt(2 * PIECE_ROWS)];
  handlers.renewValues([NOW_MS, '', ...[first, last, '77'].flatMap((number) => [number, null, seqNo(1e6)])]);
  assert.deepEqual(noted(), [first, last]);
  const prune = (): number => handlers.prune({ endedBeforeMs: 0, nowMs: NOW_MS, bytesMax: Infinity });
  db.exec(`INSERT INTO outbox VALUES (-1, '', '77', NULL, 1)`);
  assert.equal(prune(), 1);
  assert.deepEqual(noted(), [first, last]);
  while (handlers.writeRest(null) !== null);
  db.exec('DELETE FROM requests');
  assert.equal(prune(), 2);
  assert.deepEqual(noted(), []);
});
