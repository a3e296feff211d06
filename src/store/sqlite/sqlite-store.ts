/**
 * The store in one SQLite file, worked by a thread of its own so that an fsync never stalls the event loop.
 *
 * This side turns calls into operations, has them grouped into rounds, and turns answers back.
 */
import { Worker } from 'node:worker_threads';
import { assert } from '../../base/assert.ts';
import { systemClock, type Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-message.ts';
import { moduleUrl } from '../../base/module-url.ts';
import { parseFactors, formatFactors, type Factor } from '../../domain/factorization.ts';
import { DELIVERY_STATUSES, type DueCallback } from '../../domain/delivery.ts';
import { MODES, type StoredRequest, type TimelineEvent } from '../../domain/request.ts';
import {
  StoreError,
  type AcceptOutcome,
  type AttemptRecord,
  type CallbackBacklog,
  type CallbackPage,
  type CallerBacklog,
  type EndedJob,
  type Endpoint,
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
import { makeDataFolder } from './data-folder.ts';
import type { Fault, RoundReport } from './operation.ts';
import { endedRows, requestOfRow, STORED_STATUSES, textOfTimeline } from './request-row.ts';
import { LOG_ROW_BYTES } from './log-row.ts';
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
  /** Whether what is known by one caller's work answers others too; true by default. Decides under which work keys it is looked up. */
  readonly sharesWork?: boolean;
  readonly clock?: Pick<Clock, 'wallMs'>;
}

const BYTES_MAX_LEAST = 2 ** 20;

/** What 64 KiB of a log weigh in a round, in rows, and a page of one that is read. */
const LOG_ROW_ROWS = 40;
const LOG_PAGE_ROWS = 250;

/** Opens the store in `dataDir`, or rejects with a StoreError: `owned`, `version`, `broken`, `full`. */
export async function openSqliteStore({
  dataDir,
  bytesMax,
  sharesWork = true,
  clock,
}: SqliteStoreOptions): Promise<Store> {
  const bytes = bytesMax ?? Number.MAX_SAFE_INTEGER;
  assert(bytes >= BYTES_MAX_LEAST, `bytesMax must be at least ${BYTES_MAX_LEAST}: it is ${bytes}`);
  makeDataFolder(dataDir);
  const workerData: WorkerInput = { dataDir, bytesMax: bytes, sharesWork };
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

  async list({ callerId, mode, status, delivery, beforeSeq, limit }: ListQuery): Promise<ListPage> {
    const { rows, next } = await this.#rounds.call(
      'list',
      {
        ...(callerId !== undefined && { callerId }),
        ...(mode !== undefined && { mode: MODES.indexOf(mode) }),
        ...(status !== undefined && { status: STORED_STATUSES.indexOf(status) }),
        ...(delivery !== undefined && { delivery: DELIVERY_STATUSES.indexOf(delivery) }),
        beforeSeq: beforeSeq ?? Number.MAX_SAFE_INTEGER,
        limit,
      },
      limit,
    );
    return { requests: rows.map(requestOfRow), ...(next !== undefined && { next }) };
  }

  async finish(ended: readonly EndedJob[]): Promise<ReadonlyMap<number, number>> {
    const asks = ended.map(({ number, dropLog, known, requests }) => ({
      number,
      dropLog,
      ...(known && { known: [formatFactors(known.factors), known.cpuMs, known.atMs] as const }),
      rows: endedRows(requests),
    }));
    const rows = asks.reduce((sum, ask) => sum + 1 + ask.rows.length, 0);
    const pairs = await this.#rounds.call('finish', asks, rows);
    const sequences = new Map<number, number>();
    for (let i = 0; i < pairs.length; i += 2) sequences.set(pairs[i] as number, pairs[i + 1] as number);
    return sequences;
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
    const triples = started.flatMap(({ seq, startedAtMs, budgetFromMs }) => [seq, startedAtMs, budgetFromMs]);
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const rows = 1 + Math.ceil(bytes / LOG_ROW_BYTES) * LOG_ROW_ROWS + started.length;
    const ask = { number, chunks, cpuMs, started: triples, atMs };
    if ((await this.#rounds.call('appendLog', ask, rows)) === 'full')
      throw new StoreError('full', 'There is no room for more of the logs of jobs');
  }

  /** A page at a time, with other calls between. */
  async readLog(number: string): Promise<JobLog> {
    const chunks: Uint8Array[] = [];
    for (let after = 0; ;) {
      const { next, ...page } = await this.#rounds.call('readLog', [number, after], LOG_PAGE_ROWS);
      for (const chunk of page.chunks) chunks.push(chunk);
      if (next === undefined) return { ...page, chunks };
      after = next;
    }
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

  async callbackBacklog(): Promise<CallbackBacklog[]> {
    const rows = await this.#rounds.call('callbackBacklog', null, 1);
    return rows.map(([callerId, firstDueAtMs]) => ({ callerId, firstDueAtMs }));
  }

  async dueCallbacks(pages: readonly CallbackPage[]): Promise<DueCallback[][]> {
    const limits = pages.reduce((sum, { limit }) => sum + limit, 0);
    const found = await this.#rounds.call('dueCallbacks', pages, limits);
    return found.map((rows) =>
      rows.map(([seq, sequence, dueAtMs, url]) => ({ seq, sequence, dueAtMs, url })),
    );
  }

  recordAttempt({
    seq,
    wasDueAtMs,
    delivery,
    timeline,
    endpointGone: gone,
  }: AttemptRecord): Promise<boolean> {
    const { sequence, status, attempts, dueAtMs = null } = delivery;
    const ask = [
      seq,
      sequence,
      wasDueAtMs,
      DELIVERY_STATUSES.indexOf(status),
      attempts,
      dueAtMs,
      status === 'pending' ? null : this.#clock.wallMs(),
      textOfTimeline(timeline),
      gone ? ([gone.callerId, gone.url, gone.atMs] as const) : null,
    ] as const;
    return this.#rounds.call('recordAttempt', ask, 1);
  }

  redeliver(seq: number, dueAtMs: number, timeline: readonly TimelineEvent[]): Promise<boolean> {
    return this.#rounds.call('redeliver', [seq, dueAtMs, textOfTimeline(timeline)], 1);
  }

  async goneEndpoints(limit: number): Promise<Endpoint[]> {
    const rows = await this.#rounds.call('goneEndpoints', limit, limit);
    return rows.map(([callerId, url]) => ({ callerId, url }));
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
