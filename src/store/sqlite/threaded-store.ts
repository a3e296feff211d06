/**
 * A store whose thread runs rounds of operations, seen from this side: turns calls into operations, has them grouped into rounds, and
 * turns answers back. It is the same whatever the thread keeps them in.
 */
import type { Worker } from 'node:worker_threads';
import { systemClock, type Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-message.ts';
import { parseFactors, formatFactors, type Factor } from '../../domain/factorization.ts';
import { DELIVERY_STATUSES, type DueCallback } from '../../domain/delivery.ts';
import { COMMIT_ROWS_MAX, PAGE_SCAN_MAX } from '../../domain/limits.ts';
import { MODES, type StoredRequest, type TimelineEvent } from '../../domain/request.ts';
import type { StoredValue, ValueRenewal } from '../../domain/value.ts';
import type { JobLog, JobLogEntry } from '../job-log.ts';
import {
  StoreError,
  type AcceptOutcome,
  type Adopted,
  type AttemptRecord,
  type BatchProgress,
  type BatchSpan,
  type CallbackBacklog,
  type CallbackPage,
  type CallerBacklog,
  type CallerKey,
  type EndedJob,
  type Endpoint,
  type ListPage,
  type ListQuery,
  type NewBatch,
  type Parcel,
  type PendingRenewals,
  type PruneLimits,
  type QueuePage,
  type Store,
  type StoreStats,
  type ValueQuery,
  type ValueScope,
} from '../store.ts';
import { BatchIntake } from './batch-intake.ts';
import type { Answer, ListAsk, RoundReport, StoreFailure } from './operation.ts';
import { renewalRows, renewalsOfRows, valueOfRow } from './value-row.ts';
import { sheetRows } from './value-sheet.ts';
import { endedRows, requestOfRow, STORED_STATUSES, textOfTimeline } from './request-row.ts';
import { LOG_ROW_BYTES } from './log-row.ts';
import { scannedFilters } from './scanned-filters.ts';
import { RoundQueue, type RoundQueueOptions } from './round-queue.ts';

/** What 64 KiB of a log weigh in a round, in rows, and a page of one that is read. */
const LOG_ROW_ROWS = 40;
const LOG_PAGE_ROWS = 250;
/** Counting so many rows, or passing over them, costs about as much as reading one out. */
const COUNTED_ROWS = 20;
/** Read on at least so many at a time where the first values of a prime were not enough. */
const VALUE_ROWS_MIN = 500;
/** Lists that pass over rows, at once: others wait behind them. */
const SCANS_MAX = 8;

export interface ThreadedStoreOptions extends RoundQueueOptions {
  /** Closing waits no longer than this for what is under way, and gives it up then; as long as it takes by default. */
  readonly closeMsMax?: number;
}

export class ThreadedStore implements Store {
  readonly #worker: Worker;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #rounds: RoundQueue;
  readonly #intake: BatchIntake;
  readonly #closeMsMax: number | undefined;
  readonly #failed = Promise.withResolvers<StoreError>();
  readonly failed = this.#failed.promise;
  #closed: Promise<void> | undefined;
  #closing = false;
  #ended = false;
  #scans = 0;

  /** `worker` has said that it is open. */
  constructor(worker: Worker, clock: Pick<Clock, 'wallMs'>, options: ThreadedStoreOptions = {}) {
    this.#worker = worker;
    this.#closeMsMax = options.closeMsMax;
    this.#clock = clock;
    this.#rounds = new RoundQueue((round) => worker.postMessage(round), options);
    this.#intake = new BatchIntake(this.#rounds, systemClock);
    worker.on('message', (message: RoundReport | StoreFailure) => {
      if ('failure' in message) this.#fail(new StoreError(message.failure.code, message.failure.message));
      else this.#rounds.settle(message);
    });
    worker.on('error', (error) =>
      this.#fail(new StoreError('broken', `The thread of the store failed: ${errorMessage(error)}`, error)),
    );
    worker.on('exit', (code) => {
      this.#ended = true;
      if (this.#closing) this.#rounds.fail(new StoreError('broken', 'The store is closed'));
      else this.#fail(new StoreError('broken', `The thread of the store ended with code ${code}`));
    });
  }

  /** To be called before anything else: writes what was accepted before and is not written. Where that fails, the store is closed. */
  async open(): Promise<this> {
    try {
      await this.#intake.writeLeft();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
    return this;
  }

  accept(batch: NewBatch): Promise<AcceptOutcome> {
    return this.#intake.accept(batch);
  }

  settle(): Promise<number> {
    return this.#intake.settle();
  }

  async heldKeys(keys: readonly CallerKey[], nowMs: number): Promise<boolean[]> {
    const asks = keys.map(({ callerId, key }) => [callerId, key, nowMs] as const);
    return [...(await this.#rounds.call('heldKeys', asks, keys.length))];
  }

  async get(seqs: readonly number[]): Promise<(StoredRequest | undefined)[]> {
    const rows = await this.#rounds.call('get', seqs, seqs.length);
    return rows.map((row) => (row ? requestOfRow(row) : undefined));
  }

  async batchProgress({ first, count }: BatchSpan): Promise<BatchProgress> {
    const [queued, done, ended, last] = await this.#rounds.call(
      'batchProgress',
      [first.seq, first.token, count],
      Math.ceil(count / COUNTED_ROWS),
    );
    return { queued, done, ended, ...(last !== null && { lastQueuedSeq: last }) };
  }

  async list({ callerId, mode, status, delivery, beforeSeq, limit }: ListQuery): Promise<ListPage> {
    const ask: ListAsk = {
      ...(callerId !== undefined && { callerId }),
      ...(mode !== undefined && { mode: MODES.indexOf(mode) }),
      ...(status !== undefined && { status: STORED_STATUSES.indexOf(status) }),
      ...(delivery !== undefined && { delivery: DELIVERY_STATUSES.indexOf(delivery) }),
      beforeSeq: beforeSeq ?? Number.MAX_SAFE_INTEGER,
      limit,
    };
    const { rows, next } = await (scannedFilters(ask).length > 0
      ? this.#scan(ask)
      : this.#rounds.call('list', ask, limit));
    return { requests: rows.map(requestOfRow), ...(next !== undefined && { next }) };
  }

  async #scan(ask: ListAsk): Promise<Answer<'list'>> {
    if (this.#scans >= SCANS_MAX)
      throw new StoreError(
        'crowded',
        `${SCANS_MAX} lists that pass over many requests are being read already`,
      );
    this.#scans++;
    try {
      return await this.#rounds.call('list', ask, ask.limit + Math.ceil(PAGE_SCAN_MAX / COUNTED_ROWS));
    } finally {
      this.#scans--;
    }
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
      rows.map(([seq, sequence, dueAtMs, url, shard]) => ({
        seq,
        sequence,
        dueAtMs,
        url,
        ...(shard !== null && { shard }),
      })),
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

  async putValues(scope: ValueScope, values: readonly StoredValue[]): Promise<void> {
    const ask = [scope, ...sheetRows(values)] as const;
    if ((await this.#rounds.call('putValues', ask, values.length)) === 'full')
      throw new StoreError('full', 'There is no room for new values');
  }

  async values(
    scope: ValueScope,
    numbers: readonly string[],
    nowMs: number,
  ): Promise<(StoredValue | undefined)[]> {
    const found = await this.#rounds.call('values', [scope, nowMs, ...numbers], numbers.length);
    return found.map((row) => (row ? valueOfRow(row) : undefined));
  }

  /** A page at a time, with other calls between. */
  async valuesOf({ scope, prime, after, limit, nowMs }: ValueQuery): Promise<string[]> {
    const found: string[] = [];
    let from: string | undefined = after;
    let most = limit;
    do {
      const page = await this.#rounds.call(
        'valuesOf',
        [scope, prime, from ?? null, most, nowMs],
        Math.min(most, COMMIT_ROWS_MAX),
      );
      if (page.lines !== null) found.push(...page.lines.split('\n'));
      from = page.next;
      // Where some had expired, many may have.
      most = Math.max(limit - found.length, VALUE_ROWS_MIN);
    } while (from !== undefined && found.length < limit);
    return found.slice(0, limit);
  }

  async renewValues(scope: ValueScope, renewals: readonly ValueRenewal[], nowMs: number): Promise<void> {
    await this.#rounds.call('renewValues', [nowMs, scope, ...renewalRows(renewals)], renewals.length);
  }

  async postRenewals(
    shards: readonly number[],
    scope: ValueScope,
    renewals: readonly ValueRenewal[],
  ): Promise<void> {
    const ask = [shards, scope, ...renewalRows(renewals)] as const;
    if ((await this.#rounds.call('postRenewals', ask, shards.length * renewals.length)) === 'full')
      throw new StoreError('full', 'There is no room for renewals of values');
  }

  async pendingRenewals(shard: number, limit: number): Promise<PendingRenewals | undefined> {
    const found = await this.#rounds.call('pendingRenewals', [shard, limit], limit);
    if (!found) return undefined;
    const [scope, ...rows] = found;
    return { scope, renewals: renewalsOfRows(rows) };
  }

  async renewalsTold(shard: number, { scope, renewals }: PendingRenewals): Promise<void> {
    await this.#rounds.call('renewalsTold', [shard, scope, ...renewalRows(renewals)], renewals.length);
  }

  async renewalShards(): Promise<number[]> {
    return [...(await this.#rounds.call('renewalShards', null, 1))];
  }

  async parcel(): Promise<Parcel | undefined> {
    await this.#intake.idle();
    // What has gone by now has left room.
    await this.#intake.writeAgain();
    const bytes = await this.#rounds.call('parcel', null, COMMIT_ROWS_MAX);
    if (bytes === 'unwritten')
      throw new StoreError('full', 'There is no room to write all that was accepted');
    return bytes ? { bytes } : undefined;
  }

  async adopt(bytes: Uint8Array): Promise<Adopted> {
    const answer = await this.#rounds.call('adopt', [bytes, this.#clock.wallMs()], COMMIT_ROWS_MAX);
    if (answer === 'full') throw new StoreError('full', 'There is no room for what another store hands over');
    if (answer === 'version')
      throw new StoreError('version', 'What another store hands over has another version');
    return {
      queued: answer.queued.map(([callerId, count]) => ({ callerId, count })),
      due: answer.due.map(([callerId, firstDueAtMs]) => ({ callerId, firstDueAtMs })),
    };
  }

  async partWith({ bytes }: Parcel): Promise<void> {
    await this.#rounds.call('partWith', bytes, COMMIT_ROWS_MAX);
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
    const giveUp = this.#closeMsMax !== undefined && setTimeout(() => this.#giveUp(), this.#closeMsMax);
    await this.#intake.settle();
    await this.#rounds.idle();
    this.#closing = true;
    if (!this.#ended) {
      const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
      this.#worker.postMessage(null);
      await ended;
    }
    if (giveUp) clearTimeout(giveUp);
  }

  /** That the thread ends now is no failure of the store. */
  #giveUp(): void {
    this.#closing = true;
    void this.#worker.terminate();
  }
}

function factorsOf(text: string | null): Factor[] | undefined {
  return text === null ? undefined : parseFactors(text);
}
