/**
 * The store in one SQLite file, worked by a thread of its own so that an fsync never stalls the event loop.
 *
 * This side turns calls into operations, has them grouped into rounds, and turns answers back.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { assert } from '../../base/assert.ts';
import { systemClock, type Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-message.ts';
import { moduleUrl } from '../../base/module-url.ts';
import { parseFactors, formatFactors, type Factor } from '../../domain/factorization.ts';
import { MODES, type StoredRequest, type TimelineEvent } from '../../domain/request.ts';
import {
  StoreError,
  type AcceptOutcome,
  type CallerBacklog,
  type EndedJob,
  type JobLog,
  type JobLogEntry,
  type ListPage,
  type ListQuery,
  type NewBatch,
  type PruneLimits,
  type QueuePage,
  type Store,
  type StoreStats,
} from '../store.ts';
import { BatchIntake } from './batch-intake.ts';
import type { Fault, RoundReport } from './operation.ts';
import { endedRows, requestOfRow, STORED_STATUSES, textOfTimeline } from './request-row.ts';
import { RoundQueue } from './round-queue.ts';
import type { WorkerInput } from './sqlite-worker.ts';

export interface SqliteStoreOptions {
  /** Made if absent. */
  readonly dataDir: string;
  /**
   * Most bytes that the files may have, at least 1 MiB; no bound but the disk's by default. Acceptance stops at 5/6 of it,
   * so pruning should begin at 4/5 at the latest.
   */
  readonly bytesMax?: number;
  readonly clock?: Pick<Clock, 'wallMs'>;
}

const BYTES_MAX_LEAST = 2 ** 20;

/** What a chunk of a log weighs in a round, in rows. */
const CHUNK_ROWS = 40;
/** What reading a log weighs, of whatever length it may be. */
const LOG_ROWS = 250;

/** Opens the store in `dataDir`, or rejects with a StoreError: `owned`, `version`, `broken`, `full`. */
export async function openSqliteStore({ dataDir, bytesMax, clock }: SqliteStoreOptions): Promise<Store> {
  const bytes = bytesMax ?? Number.MAX_SAFE_INTEGER;
  assert(bytes >= BYTES_MAX_LEAST, `bytesMax must be at least ${BYTES_MAX_LEAST}: it is ${bytes}`);
  try {
    makeFolder(path.resolve(dataDir));
  } catch (error) {
    throw new StoreError('broken', `Cannot make the data folder ${dataDir}: ${errorMessage(error)}`, error);
  }
  const workerData: WorkerInput = { dataDir, bytesMax: bytes };
  const worker = new Worker(moduleUrl('./sqlite-worker', import.meta.url), { workerData, name: 'sqlite' });
  const fault = await new Promise<Fault | undefined>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', (error) =>
      reject(new StoreError('broken', `The store did not start: ${errorMessage(error)}`, error)),
    );
    worker.once('exit', (code) =>
      reject(new StoreError('broken', `The store did not start: its thread ended with code ${code}`)),
    );
  });
  if (fault) {
    await worker.terminate();
    throw new StoreError(fault.code ?? 'broken', fault.message);
  }
  return new SqliteStore(worker, clock ?? systemClock);
}

class SqliteStore implements Store {
  readonly #worker: Worker;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #rounds: RoundQueue;
  readonly #intake: BatchIntake;
  readonly #failed = Promise.withResolvers<StoreError>();
  readonly failed = this.#failed.promise;
  #closed: Promise<void> | undefined;
  #closing = false;
  #ended = false;

  constructor(worker: Worker, clock: Pick<Clock, 'wallMs'>) {
    this.#worker = worker;
    this.#clock = clock;
    this.#rounds = new RoundQueue((round) => worker.postMessage(round));
    this.#intake = new BatchIntake(this.#rounds);
    worker.on('message', (report: RoundReport) => this.#rounds.settle(report));
    worker.on('error', (error) =>
      this.#fail(new StoreError('broken', `The thread of the store failed: ${errorMessage(error)}`, error)),
    );
    worker.on('exit', (code) => {
      this.#ended = true;
      if (this.#closing) this.#rounds.fail(new StoreError('broken', 'The store is closed'));
      else this.#fail(new StoreError('broken', `The thread of the store ended with code ${code}`));
    });
  }

  accept(batch: NewBatch): Promise<AcceptOutcome> {
    return this.#intake.accept(batch);
  }

  async get(seqs: readonly number[]): Promise<(StoredRequest | undefined)[]> {
    const rows = await this.#rounds.call('get', seqs, seqs.length);
    return rows.map((row) => (row ? requestOfRow(row) : undefined));
  }

  async list({ callerId, mode, status, beforeSeq, limit }: ListQuery): Promise<ListPage> {
    const { rows, next } = await this.#rounds.call(
      'list',
      {
        ...(callerId !== undefined && { callerId }),
        ...(mode !== undefined && { mode: MODES.indexOf(mode) }),
        ...(status !== undefined && { status: STORED_STATUSES.indexOf(status) }),
        beforeSeq: beforeSeq ?? Number.MAX_SAFE_INTEGER,
        limit,
      },
      limit,
    );
    return { requests: rows.map(requestOfRow), ...(next !== undefined && { next }) };
  }

  finish(ended: readonly EndedJob[]): Promise<readonly number[]> {
    const asks = ended.map(({ number, dropLog, known, requests }) => ({
      number,
      dropLog,
      ...(known && { known: [formatFactors(known.factors), known.cpuMs, known.atMs] as const }),
      rows: endedRows(requests),
    }));
    const rows = asks.reduce((sum, ask) => sum + 1 + ask.rows.length, 0);
    return this.#rounds.call('finish', asks, rows);
  }

  requeue(seq: number, ordinal: number, timeline: readonly TimelineEvent[]): Promise<boolean> {
    return this.#rounds.call('requeue', [seq, ordinal, textOfTimeline(timeline)], 1);
  }

  async backlog(): Promise<CallerBacklog[]> {
    const rows = await this.#rounds.call('backlog', null, 1);
    return rows.map(([callerId, count, ordinalMax]) => ({ callerId, count, ordinalMax }));
  }

  async queued(pages: readonly QueuePage[]): Promise<StoredRequest[][]> {
    const limits = pages.reduce((sum, { limit }) => sum + limit, 0);
    const found = await this.#rounds.call('queued', pages, limits);
    return found.map((rows) => rows.map(requestOfRow));
  }

  async known(numbers: readonly string[]): Promise<(readonly Factor[] | undefined)[]> {
    const texts = await this.#rounds.call('known', numbers, numbers.length);
    return texts.map(factorsOf);
  }

  async appendLog({ number, chunks, cpuMs, started, atMs }: JobLogEntry): Promise<void> {
    const pairs = started.flatMap(({ seq, startedAtMs }) => [seq, startedAtMs]);
    const rows = 1 + chunks.length * CHUNK_ROWS + started.length;
    await this.#rounds.call('appendLog', { number, chunks, cpuMs, started: pairs, atMs }, rows);
  }

  readLog(number: string): Promise<JobLog> {
    return this.#rounds.call('readLog', number, LOG_ROWS);
  }

  recordBreak(number: string): Promise<number> {
    return this.#rounds.call('recordBreak', [number, this.#clock.wallMs()], 1);
  }

  prune(limits: PruneLimits): Promise<number> {
    return this.#rounds.call('prune', limits, 1);
  }

  stats(): Promise<StoreStats> {
    return this.#rounds.call('stats', null, 1);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #fail(error: StoreError): void {
    this.#rounds.fail(error);
    this.#failed.resolve(error);
  }

  async #close(): Promise<void> {
    await this.#intake.close();
    await this.#rounds.idle();
    if (this.#ended) return;
    this.#closing = true;
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.postMessage(null);
    await ended;
  }
}

function factorsOf(text: string | null): Factor[] | undefined {
  return text === null ? undefined : parseFactors(text);
}

/** Makes the folder, readable by its owner only, durably: the entry of each new folder in its parent is on disk. */
function makeFolder(folder: string): void {
  const first = fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (first === undefined || process.platform === 'win32') return;
  for (let made = folder; made.length >= first.length; made = path.dirname(made)) {
    const parent = fs.openSync(path.dirname(made), 'r');
    fs.fsyncSync(parent);
    fs.closeSync(parent);
  }
}
