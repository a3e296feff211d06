import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { FIRST_SEQ, NOW_MS } from '../contract/store-fixture.ts';
import { Database } from './database.ts';
import { allHandlers } from './handlers.ts';
import type { AdoptAnswer, DueRow, Handlers } from './operation.ts';
import { requestOfRow } from './request-row.ts';
import { Room } from './room.ts';
import { migrate } from './schema.ts';

interface Tables {
  readonly db: DatabaseSync;
  readonly database: Database;
  readonly handlers: Handlers;
}

/** The tables of a shard in memory, with room for `bytes`. */
function openShard(t: TestContext, shard: number, bytes = 2 ** 30): Tables {
  const db = new DatabaseSync(':memory:');
  t.after(() => db.close());
  migrate(db, 'memory');
  const database = new Database(db);
  const extent = { bytesEnd: bytes, size: bytes };
  const room = new Room({ database, extent: () => extent, clock: { monotonicMs: () => 0 } });
  room.look();
  return { db, database, handlers: allHandlers(database, room, true, shard) };
}

/** A request that waits, with a callback. */
function insertQueued({ db }: Tables, seq: number): void {
  db.exec(`INSERT INTO requests (seq, token, caller, mode, status, number, ordinal, accepted_at, callback_url, delivery)
    VALUES (${seq}, 'T', 'acme', 2, 0, '6', 0, ${NOW_MS}, 'https://hooks.example/', 0)`);
}

function end({ handlers }: Tables, seq: number): void {
  handlers.finish([
    { number: '6', dropLog: true, rows: [[1, null, NOW_MS, 1, '2 3', null, null, null, seq, 1]] },
  ]);
}

function parcelOf({ handlers }: Tables): Uint8Array | undefined {
  const parcel = handlers.parcel(null);
  return parcel instanceof Uint8Array ? parcel : undefined;
}

function handOver(giver: Tables, taker: Tables): AdoptAnswer | undefined {
  const parcel = parcelOf(giver);
  if (!parcel) return undefined;
  const answer = taker.handlers.adopt([parcel, NOW_MS]);
  giver.handlers.partWith(parcel);
  return answer;
}

test('the sequence number of a callback keeps the shard that gave it, and loses it when it comes home', (t) => {
  const [home, first, second] = [openShard(t, 3), openShard(t, 5), openShard(t, 7)];
  const delivery = (tables: Tables): unknown => {
    const [row] = tables.handlers.get([FIRST_SEQ]);
    return row ? requestOfRow(row).delivery : undefined;
  };
  insertQueued(home, FIRST_SEQ);
  end(home, FIRST_SEQ);
  const own = { status: 'pending', sequence: 1, attempts: 0, dueAtMs: NOW_MS };
  assert.deepEqual(delivery(home), own);
  const adopted = { queued: [], due: [['acme', NOW_MS]] };
  assert.deepEqual(handOver(home, first), adopted);
  assert.deepEqual(delivery(first), { ...own, shard: 3 });
  assert.deepEqual(handOver(first, second), adopted);
  assert.deepEqual(delivery(second), { ...own, shard: 3 });
  assert.deepEqual(handOver(second, home), adopted);
  assert.deepEqual(delivery(home), own);
});

test('what is handed over counts for its caller where it is from then on, and not where it was', (t) => {
  const [giver, taker] = [openShard(t, 3), openShard(t, 5)];
  const row = ['7'.repeat(40), NOW_MS, 0] as const;
  giver.handlers.accept([['acme', 'T', FIRST_SEQ, 0, 1, null, null, 0, null, null, 0, ...row], []]);
  const counts = (): unknown[] =>
    [giver, taker].map(({ database: { queue } }) => [queue.count, queue.of('acme')]);
  const [before] = counts();
  assert.ok(giver.database.queue.of('acme') > 500);
  handOver(giver, taker);
  assert.deepEqual(counts(), [[0, 0], before]);
  end(taker, FIRST_SEQ);
  assert.deepEqual(counts(), [
    [0, 0],
    [0, 0],
  ]);
});

test('callbacks of two shards with the same number that are due at the same time are both read, page by page', (t) => {
  const [other, own] = [openShard(t, 3), openShard(t, 5)];
  insertQueued(other, FIRST_SEQ + 3);
  end(other, FIRST_SEQ + 3);
  insertQueued(own, FIRST_SEQ + 5);
  end(own, FIRST_SEQ + 5);
  handOver(other, own);
  const read: DueRow[] = [];
  for (;;) {
    const [, sequence = 0, dueAtMs = -Infinity, , shard] = read.at(-1) ?? [];
    const after = { dueAtMs, sequence, ...(typeof shard === 'number' && { shard }) };
    const [[row] = []] = own.handlers.dueCallbacks([{ callerId: 'acme', after, limit: 1 }]);
    if (!row) break;
    read.push(row);
  }
  assert.deepEqual(
    read.map(([seq, sequence, , , shard]) => [seq, sequence, shard]),
    [
      [FIRST_SEQ + 5, 1, null],
      [FIRST_SEQ + 3, 1, 3],
    ],
  );
});

test('a request that was adopted ends under a number of the store that it is in then', (t) => {
  const [giver, taker] = [openShard(t, 3), openShard(t, 5)];
  insertQueued(giver, FIRST_SEQ + 3);
  handOver(giver, taker);
  end(taker, FIRST_SEQ + 3);
  const [row] = taker.handlers.get([FIRST_SEQ + 3]);
  assert.ok(row);
  assert.deepEqual(requestOfRow(row).delivery, {
    status: 'pending',
    sequence: 1,
    attempts: 0,
    dueAtMs: NOW_MS,
  });
});

/** Of about 60 kB each. */
function appendLog({ handlers }: Tables, number: string, chunks: number): void {
  for (let i = 0; i < chunks; i++) {
    const bytes = new Uint8Array(60_000).fill(i);
    handlers.appendLog({ number, chunks: [bytes], cpuMs: 1, started: [], atMs: NOW_MS });
  }
}

test('a store without room takes nothing over; one with none for logs takes the rest, and what was spent', (t) => {
  const giver = openShard(t, 3);
  insertQueued(giver, FIRST_SEQ);
  const [full, narrow, wide] = [openShard(t, 5, 1), openShard(t, 5, 400_000), openShard(t, 5, 4_000_000)];
  appendLog(giver, '6', 3);
  const parcel = parcelOf(giver);
  assert.ok(parcel);
  assert.equal(full.handlers.adopt([parcel, NOW_MS]), 'full');
  const adopted = { queued: [['acme', 1]], due: [] };
  for (const [taker, chunks] of [
    [narrow, 0],
    [wide, 3],
  ] as const) {
    assert.deepEqual(taker.handlers.adopt([parcel, NOW_MS]), adopted);
    const log = taker.handlers.readLog(['6', 0]);
    assert.deepEqual([log.chunks.length, log.cpuMs], [chunks, 1]);
  }
});

test('logs that are handed over have idle ones dropped where there is no room for both', (t) => {
  const [giver, taker] = [openShard(t, 3), openShard(t, 5, 1_600_000)];
  insertQueued(giver, FIRST_SEQ);
  appendLog(giver, '6', 3);
  appendLog(taker, '91', 5);
  assert.equal(taker.handlers.readLog(['91', 0]).chunks.length, 5);
  handOver(giver, taker);
  assert.deepEqual(
    ['6', '91'].map((number) => taker.handlers.readLog([number, 0]).chunks.length),
    [3, 0],
  );
});

test('a key that two stores have goes on standing for what it stood for where it goes to', (t) => {
  const [giver, taker] = [openShard(t, 3), openShard(t, 5)];
  const put = ({ db }: Tables, key: string, seq: number): void =>
    db.exec(`INSERT INTO idempotency_keys VALUES ('acme', '${key}', 'f', ${NOW_MS}, ${seq}, 'T', 3, 3)`);
  put(giver, 'both', FIRST_SEQ + 3);
  put(taker, 'both', FIRST_SEQ + 5);
  put(giver, 'theirs', FIRST_SEQ + 3);
  while (handOver(giver, taker));
  const rows = taker.db.prepare('SELECT key, first_seq FROM idempotency_keys ORDER BY key').all();
  assert.deepEqual(
    rows.map((row) => [row['key'], row['first_seq']]),
    [
      ['both', FIRST_SEQ + 5],
      ['theirs', FIRST_SEQ + 3],
    ],
  );
});
