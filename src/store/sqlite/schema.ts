/**
 * The tables, and how a file of an older version becomes one of this version.
 *
 * Every step of `MIGRATIONS` raises `user_version` by one and is never edited after it was released. Times are milliseconds
 * since 1970, numbers are decimal text, factors are the text of `formatFactors`, status and mode are positions in
 * `STORED_STATUSES` and `MODES`.
 *
 * Inserts into an index by caller land on a page of their own for each caller, and that is what an acceptance costs: hence a
 * single one for requests without a callback, headed by the status. It serves the queue of a caller, the backlog of all (it covers
 * that query) and lists by caller, which merge a range for each status.
 */
import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../store.ts';

/** Tells our files from those of other programs: "fsie". */
const APPLICATION_ID = 0x66736965;

/** Exported for tests of the way from one to the next. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE requests (
    seq INTEGER PRIMARY KEY,
    token TEXT NOT NULL,
    caller TEXT NOT NULL,
    mode INTEGER NOT NULL,
    status INTEGER NOT NULL,
    number TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    accepted_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    cpu_ms REAL,
    factors TEXT,
    error_code TEXT,
    error_reason TEXT,
    timeline TEXT -- JSON, NULL for an empty one
  ) STRICT;
  CREATE INDEX requests_by_caller ON requests (status, caller, seq, ordinal, mode);
  -- Retention goes from the oldest end on.
  CREATE INDEX requests_by_end ON requests (finished_at) WHERE finished_at IS NOT NULL;
  -- The statuses that are so rare that a scan for them would find nothing: partial, failed, cancelled.
  CREATE INDEX requests_by_rare_status ON requests (status, seq) WHERE status >= 2;

  CREATE TABLE idempotency_keys (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    expires_at REAL NOT NULL,
    first_seq INTEGER NOT NULL,
    token TEXT NOT NULL,
    count INTEGER NOT NULL, -- requests of the batch
    written INTEGER NOT NULL, -- the first so many of them have been written
    PRIMARY KEY (caller, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

  CREATE TABLE known_numbers (
    number TEXT PRIMARY KEY,
    factors TEXT NOT NULL,
    cpu_ms REAL NOT NULL,
    at REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX known_numbers_by_time ON known_numbers (at);

  CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    number TEXT UNIQUE, -- NULL once the log is dropped: its chunks go later, a few at a time
    cpu_ms REAL NOT NULL,
    breaks INTEGER NOT NULL,
    updated_at REAL NOT NULL
  ) STRICT;
  CREATE INDEX jobs_by_time ON jobs (updated_at) WHERE number IS NOT NULL;
  CREATE TABLE job_chunks (
    id INTEGER PRIMARY KEY, -- ascending in the order of appending
    job INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE INDEX job_chunks_by_job ON job_chunks (job);
  `,
  `
  ALTER TABLE requests ADD COLUMN callback_url TEXT;
  ALTER TABLE requests ADD COLUMN delivery INTEGER; -- a position in DELIVERY_STATUSES, NULL without a callback
  ALTER TABLE requests ADD COLUMN sequence INTEGER; -- of its callback, once it has ended
  ALTER TABLE requests ADD COLUMN attempts INTEGER;
  ALTER TABLE requests ADD COLUMN due_at REAL; -- the next attempt
  ALTER TABLE requests ADD COLUMN told_at REAL; -- when its callback was delivered or dead
  CREATE INDEX requests_by_due ON requests (caller, due_at, sequence) WHERE due_at IS NOT NULL;
  CREATE INDEX requests_by_delivery ON requests (delivery, seq) WHERE delivery IS NOT NULL;
  CREATE INDEX requests_by_caller_and_delivery ON requests (caller, delivery, seq) WHERE delivery IS NOT NULL;
  -- What is still to be delivered is kept, however old; then its time begins.
  DROP INDEX requests_by_end;
  CREATE INDEX requests_by_end ON requests (coalesce(told_at, finished_at))
    WHERE finished_at IS NOT NULL AND due_at IS NULL;

  CREATE TABLE callback_sequences (
    caller TEXT PRIMARY KEY,
    last INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE gone_endpoints (
    caller TEXT NOT NULL,
    url TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (caller, url)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX gone_endpoints_by_time ON gone_endpoints (at);
  `,
  `
  -- Several chunks share a row: their lengths, in order, u32 little-endian each; NULL for a single one.
  ALTER TABLE job_chunks ADD COLUMN lengths BLOB;
  ALTER TABLE jobs ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0; -- what its rows of job_chunks count for
  ALTER TABLE jobs ADD COLUMN idle_since REAL; -- NULL while a queued request waits for it
  UPDATE jobs SET
    bytes = (SELECT coalesce(sum(length(bytes) + 64), 0) FROM job_chunks WHERE job = jobs.id),
    idle_since = CASE WHEN number IN (SELECT number FROM requests WHERE status = 0) THEN NULL ELSE updated_at END;
  DROP INDEX jobs_by_time;
  ALTER TABLE jobs DROP COLUMN updated_at;
  CREATE INDEX jobs_by_idleness ON jobs (idle_since) WHERE idle_since IS NOT NULL;
  `,
  `
  -- The sequence numbers of a batch were 1 apart, now they are SEQ_STRIDE apart.
  DELETE FROM idempotency_keys WHERE count > 1;
  ALTER TABLE requests ADD COLUMN keep_until REAL; -- in mode 'values': when its value expires, NULL for never
  ALTER TABLE requests ADD COLUMN sequence_shard INTEGER; -- the shard that gave the sequence, NULL for the own one

  CREATE TABLE stored_values (
    scope TEXT NOT NULL,
    number TEXT NOT NULL,
    factors TEXT NOT NULL,
    expires_at REAL, -- NULL for never
    version INTEGER NOT NULL,
    PRIMARY KEY (scope, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX stored_values_by_expiry ON stored_values (expires_at) WHERE expires_at IS NOT NULL;
  -- Derived from the factors of stored_values; its numbers are size keys, see size-key.ts.
  CREATE TABLE value_primes (
    scope TEXT NOT NULL,
    prime ANY NOT NULL,
    number ANY NOT NULL,
    PRIMARY KEY (scope, prime, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE outbox (
    shard INTEGER NOT NULL, -- -1: for the value here that a request is still to make
    scope TEXT NOT NULL,
    number TEXT NOT NULL,
    expires_at REAL,
    version INTEGER NOT NULL,
    PRIMARY KEY (shard, scope, number)
  ) STRICT, WITHOUT ROWID;
  -- What is still to become a value: mode 'values', queued or partial.
  CREATE INDEX requests_to_keep ON requests (number, caller, keep_until) WHERE mode = 3 AND status IN (0, 2);
  `,
  `
  -- Values whose entries in value_primes are still to be written, in order of arrival: see value-index.ts.
  CREATE TABLE unindexed_values (
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    number TEXT NOT NULL
  ) STRICT;

  -- Pieces of batches that are accepted and not written yet, see batch-rests.ts: JSON of an AcceptAsk each.
  CREATE TABLE batch_rests (
    first_seq INTEGER NOT NULL, -- of the batch
    start INTEGER NOT NULL, -- index of its first request in the batch
    piece TEXT NOT NULL,
    PRIMARY KEY (first_seq, start)
  ) STRICT;
  -- Batches used to be accepted piece by piece. Those that a crash cut off were never answered: nobody knows what was written of them.
  DELETE FROM requests WHERE status = 0 AND seq IN (
    SELECT cut.seq FROM idempotency_keys k CROSS JOIN requests cut
      ON cut.token = k.token AND cut.seq BETWEEN k.first_seq AND k.first_seq + 16 * (k.count - 1)
    WHERE k.written < k.count);
  DELETE FROM idempotency_keys WHERE written < count;
  `,
];

/** Brings the file up to this version; a new file gets all tables. Throws a StoreError for a file that is newer or not ours. */
export function migrate(db: DatabaseSync, file: string, migrations: readonly string[] = MIGRATIONS): void {
  const version = pragma(db, 'user_version');
  const ours = pragma(db, 'application_id') === APPLICATION_ID;
  const empty = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'] === 0;
  if (!ours && !empty) throw new StoreError('broken', `Cannot use ${file}: another program wrote it`);
  if (version > migrations.length) {
    throw new StoreError(
      'version',
      `Cannot use ${file}: it has version ${version}, this program knows versions up to ${migrations.length}. Use a newer fairsieve`,
    );
  }
  for (const [i, statements] of migrations.entries()) {
    if (i < version) continue;
    db.exec(
      `BEGIN; ${statements}; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${i + 1}; COMMIT`,
    );
  }
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}
