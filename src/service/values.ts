/**
 * Values: numbers that are kept with their factors, and found by a prime factor.
 *
 * Numbers are factored as guests while their client waits (see `Guests`), and kept once all of them are. What takes longer becomes
 * requests, in the store, which join the work that is under way for their guests; each is kept in the commit of its end.
 *
 * Invariants:
 *   V1. Nothing is said to be kept or accepted before it is on disk, and the other replicas that may have it know its new terms or
 *       are sure to be told; or, once it is accepted and they cannot be told for now, are told as soon as they can.
 *   V2. Terms are given out when they are written, so of two POSTs that were answered one after the other, the later has the
 *       greater version.
 */
import type { Clock } from '../base/clock.ts';
import { Tally } from '../base/tally.ts';
import { within } from '../base/within.ts';
import type { Factor } from '../domain/factorization.ts';
import { KNOWN_DIGITS_MIN, PIECE_ROWS, PRIMALITY_MS_MAX } from '../domain/limits.ts';
import type { StoredRequest } from '../domain/request.ts';
import type { ScopeOf, StoredValue, ValueRenewal } from '../domain/value.ts';
import { numberOfLine } from '../domain/value-line.ts';
import { StoreError, type Store } from '../store/store.ts';
import type { Acceptance } from './acceptance.ts';
import { BatchReads } from './batch-reads.ts';
import type { Guests, Party } from './guests.ts';
import type { Intake } from './intake.ts';
import type { LiveSet } from './live-set.ts';
import type { Lookups } from './lookups.ts';
import type { Pager } from './pager.ts';
import { isPrime } from './primality.ts';
import type { Quotas } from './quotas.ts';
import type { Renewals } from './renewals.ts';
import type { RoomWatch } from './room-watch.ts';
import type {
  PostValuesResult,
  Unavailable,
  Value,
  ValuesBatchResult,
  ValuesInput,
  ValuesOfQuery,
  ValuesOfResult,
  ValuesPage,
} from './service.ts';
import { pieces, Telling } from './telling.ts';
import { BUSY, NO_ROOM, STOPPING, STORE_SILENT } from './unavailable.ts';
import { batchResult, formatBatchId, parseBatchId, type ValuesBatch } from './values-batch.ts';
import { WritePace } from './write-pace.ts';

export interface ValuesParts {
  readonly store: Pick<Store, 'putValues' | 'values' | 'valuesOf'>;
  readonly clock: Clock;
  readonly guests: Guests;
  readonly acceptance: Acceptance;
  readonly intake: Pick<Intake, 'reserve'>;
  readonly live: LiveSet;
  readonly lookups: Lookups;
  readonly pager: Pick<Pager, 'demoted'>;
  readonly quotas: Quotas;
  readonly room: RoomWatch;
  readonly renewals: Renewals;
  readonly scopeOf: ScopeOf;
  /** Aborts when nothing more is accepted. */
  readonly closing: AbortSignal;
  readonly onFatal: (error: unknown) => void;
}

/** `hasGuests`: they are in memory already, so that they may stay there. */
type AsRequests = (hasGuests: boolean) => Promise<PostValuesResult>;

/**
 * Requests that are loaded out of turn, so that they go on in memory where their guests were: in a larger batch some begin anew from their
 * logs. As many as are written by the time that they are accepted. Of a larger batch nothing is kept before all is: it would be written
 * twice while its client waits.
 */
const LOADED_MAX = PIECE_ROWS;
/** What is left of the wait for numbers to be accepted as requests, in ms: a single commit, however many there are. */
const ACCEPT_MS = 250;
/** Commits of one POST under way or waiting at a time: one is worked on while the next is on its way. */
const KEPT_AT_ONCE = 2;
/** How long a batch that has ended is read, at least, until its client is told to come back: less than another replica waits for that. */
const READ_MS = 700;
/** How often it is looked whether the last request of a batch has ended, whose end may have gone unnoticed. */
const LOOK_EVERY_MS = 100;

export class Values {
  readonly #parts: ValuesParts;
  /** Numbers of POSTs under way that are not requests. */
  readonly #waiting = new Tally();
  readonly #telling: Telling;
  readonly #pace = new WritePace();
  readonly #reads: BatchReads;
  /** Values kept by POSTs that were answered with them, since the start. */
  count = 0;

  constructor(parts: ValuesParts) {
    this.#parts = parts;
    this.#telling = new Telling(parts);
    this.#reads = new BatchReads(parts);
  }

  /** Resolves when nothing is done any more of what POSTs left to be done: soon, once nothing more is accepted. */
  idle(): Promise<void> {
    return this.#telling.idle();
  }

  /** Numbers of a caller that are to become values, and are not requests. */
  waiting(callerId: string): number {
    return this.#waiting.of(callerId);
  }

  async post(input: ValuesInput, waitMs: number, signal: AbortSignal): Promise<PostValuesResult> {
    const { clock, quotas, closing } = this.#parts;
    const endMs = clock.monotonicMs() + waitMs;
    // What a key stands for is known to the store alone: there its numbers go as requests, at once.
    if (input.idempotency) return this.#asRequests(input, endMs, signal);
    if (closing.aborted) return STOPPING;
    const { callerId, numbers } = input;
    const refusal = quotas.charge(callerId, numbers.length);
    if (refusal) return refusal;
    this.#waiting.add(callerId, numbers.length);
    let areOurs = true;
    /** They wait here no more; what was charged for those that are not kept is given back. */
    const part = (areKept: boolean): void => {
      if (!areOurs) return;
      areOurs = false;
      this.#waiting.add(callerId, -numbers.length);
      if (!areKept) quotas.refund(callerId, numbers.length);
    };
    const asRequests: AsRequests = (hasGuests) => {
      // They are charged anew, as requests, and only if they are accepted.
      part(false);
      return this.#asRequests(input, endMs, signal, hasGuests);
    };
    let areKept = false;
    try {
      const ending = AbortSignal.any([signal, closing]);
      const result = await this.#asGuests(input, endMs, ending, asRequests);
      areKept = result.kind === 'values';
      return result;
    } finally {
      part(areKept);
    }
  }

  async batch(batchId: string, waitMs: number, signal: AbortSignal): Promise<ValuesBatchResult> {
    const batch = parseBatchId(batchId);
    if (!batch) return { kind: 'not_found' };
    const { clock, closing } = this.#parts;
    const startMs = clock.monotonicMs();
    const endMs = startMs + waitMs;
    return this.#batch(batch, endMs, Math.max(endMs, startMs + READ_MS), AbortSignal.any([signal, closing]));
  }

  /** What is kept here. */
  async page({ callerId, prime, after, limit }: ValuesOfQuery): Promise<ValuesPage> {
    const { store, clock, scopeOf } = this.#parts;
    const found = await store.valuesOf({
      scope: scopeOf(callerId),
      prime: String(prime),
      // One more, which tells whether there is a next page.
      limit: limit + 1,
      nowMs: clock.wallMs(),
      ...(after !== undefined && { after }),
    });
    const lines = found.slice(0, limit);
    const last = lines.at(-1);
    return found.length > limit && last !== undefined
      ? { kind: 'values', lines, next: numberOfLine(last) }
      : { kind: 'values', lines };
  }

  /** The answer where nothing is kept with `prime` as a factor: all that is under an index is prime, and need not be tested. */
  async ofNone({ callerId, prime }: ValuesOfQuery, signal: AbortSignal): Promise<ValuesOfResult> {
    const { guests, closing } = this.#parts;
    const ending = AbortSignal.any([signal, closing]);
    const verdict = await isPrime(prime, callerId, guests, PRIMALITY_MS_MAX, ending);
    if (verdict === undefined) return closing.aborted ? STOPPING : BUSY;
    return verdict ? { kind: 'values', lines: [] } : { kind: 'not_prime' };
  }

  /** `asRequests`: how they go on where there is no room, or not enough time, for guests. */
  async #asGuests(
    input: ValuesInput,
    endMs: number,
    signal: AbortSignal,
    asRequests: AsRequests,
  ): Promise<PostValuesResult> {
    const { clock, guests, quotas, renewals } = this.#parts;
    const { callerId } = input;
    const numbers = input.numbers.map(String);
    const known = await this.#kept(callerId, numbers);
    const keepUntilMs = endMs - ACCEPT_MS;
    // They are kept here while others are told.
    const keepMs = Math.max(this.#pace.msFor(numbers.length), renewals.msMax);
    const waitMs = keepUntilMs - keepMs - clock.monotonicMs();
    if (waitMs <= 0) this.#pace.notTried();
    const isUnknown = (i: number): boolean => known === undefined || !known.has(numbers[i] as string);
    const unknown = known ? input.numbers.filter((_, i) => isUnknown(i)) : input.numbers;
    const party = unknown.length > 0 && waitMs > 0 ? guests.invite(callerId, unknown) : undefined;
    if (unknown.length > 0 && !party) return asRequests(false);
    try {
      await party?.wait(waitMs, signal);
      const isComplete = party?.isComplete ?? true;
      if (!isComplete && signal.aborted) return STOPPING;
      if (!isComplete && numbers.length > LOADED_MAX) return await asRequests(false);
      const values = factored(numbers, known, party);
      const kept = await this.#keep(input, values, keepUntilMs);
      if (kept !== 'all' && kept !== 'some') return kept;
      // What is kept by now is found as requests, and done at once.
      if (!isComplete || kept === 'some') return await asRequests(true);
      return { kind: 'values', values, quotas: quotas.of(callerId) };
    } finally {
      party?.dismiss();
    }
  }

  /** Those of the numbers that are kept already; undefined: not looked for, since to factor short ones costs less. */
  async #kept(
    callerId: string,
    numbers: readonly string[],
  ): Promise<ReadonlyMap<string, readonly Factor[]> | undefined> {
    const { store, clock, scopeOf } = this.#parts;
    const long = numbers.filter((number) => number.length >= KNOWN_DIGITS_MIN);
    if (long.length === 0) return undefined;
    const kept = new Map<string, readonly Factor[]>();
    for (const piece of pieces(long)) {
      for (const value of await store.values(scopeOf(callerId), piece, clock.wallMs()))
        if (value) kept.set(value.number, value.factors);
    }
    return kept;
  }

  /** Keeps values on the terms of `input`, from now on; a large batch only as far as it comes by `untilMs`. */
  async #keep(
    { callerId, ttlMs }: ValuesInput,
    values: readonly Value[],
    untilMs: number,
  ): Promise<'all' | 'some' | Unavailable> {
    const { store, clock, intake, room, renewals, scopeOf } = this.#parts;
    const scope = scopeOf(callerId);
    const expiry = ttlMs === undefined ? {} : { expiresAtMs: clock.wallMs() + ttlMs };
    const version = intake.reserve(1);
    const stored = values.map(({ number, factors }): StoredValue => ({
      number,
      factors,
      version,
      ...expiry,
    }));
    const startMs = clock.monotonicMs();
    const isLarge = values.length > LOADED_MAX;
    const left = pieces(stored).values();
    let keptRows = 0;
    const lane = async (): Promise<void> => {
      for (const piece of left) {
        if (isLarge && clock.monotonicMs() >= untilMs) return;
        await store.putValues(scope, piece);
        keptRows += piece.length;
      }
    };
    const keeping = Promise.all([
      ...pieces(stored).map((piece) => renewals.renew(scope, piece)),
      ...Array.from({ length: KEPT_AT_ONCE }, lane),
    ]);
    try {
      // As requests they are told again: what others were not told by then need not be waited for.
      await (isLarge ? within(untilMs - startMs, keeping, () => undefined, clock) : keeping);
      if (isLarge && clock.monotonicMs() >= untilMs) return 'some';
    } catch (error) {
      if (!(error instanceof StoreError) || !error.retryable) throw error;
      // What keeps and renews values refuses as busy only where it does not answer.
      if (error.code === 'busy') return STORE_SILENT;
      room.refused();
      return NO_ROOM;
    } finally {
      this.#pace.took(keptRows, clock.monotonicMs() - startMs);
      this.count += keptRows;
    }
    return 'all';
  }

  /** `hasGuests`: they are in memory already, so that they may stay there. */
  async #asRequests(
    input: ValuesInput,
    endMs: number,
    signal: AbortSignal,
    hasGuests = false,
  ): Promise<PostValuesResult> {
    const { acceptance, live, pager, quotas, clock } = this.#parts;
    const { callerId, numbers } = input;
    if (this.#telling.isCongested) return BUSY;
    const urgent = hasGuests && numbers.length <= LOADED_MAX;
    const taken = await acceptance.take({ ...input, mode: 'values' }, { urgent });
    if (taken.kind !== 'accepted') return taken;
    const { requests } = taken;
    const [first] = requests;
    // Where retention has taken some of those that a key stands for, there is nothing left to repeat.
    if (!first || requests.length < numbers.length) {
      const { idempotency: _, ...again } = input;
      return this.post(again, endMs - clock.monotonicMs(), signal);
    }
    // Again where they are repeated: the first time may not have come so far.
    await this.#tell(callerId, requests, endMs);
    for (const { seq } of urgent ? requests : []) {
      const request = live.get(seq);
      if (request?.phase === 'waiting') pager.demoted(request);
    }
    const { seq, token } = first;
    const batch = { first: { seq, token }, count: requests.length };
    const lookMs = endMs - this.#pace.msFor(requests.length);
    const ending = AbortSignal.any([signal, this.#parts.closing]);
    let result = batchResult(batch, requests);
    // How those ended that are not done is told of the batch.
    const done = requests.filter(({ state }) => state.kind === 'done').length;
    let told = unfinished(batch, done);
    if (result.kind === 'unfinished') {
      const open = requests.findLast(({ state }) => state.kind === 'queued') ?? first;
      this.#reads.begun(batch, { queued: batch.count - done, done, ended: 0, lastQueuedSeq: open.seq });
      try {
        await this.#ended(open.seq, lookMs, ending);
        if (clock.monotonicMs() < lookMs) result = await this.#batch(batch, lookMs, endMs, ending);
      } catch (error) {
        // They are accepted, whatever can be read of them now.
        if (!(error instanceof StoreError) || !error.retryable) throw error;
      }
    }
    if (result.kind === 'unfinished') told = result;
    return { ...(result.kind === 'values' ? result : told), quotas: quotas.of(callerId) };
  }

  /** Tells other replicas of the terms of requests that are accepted; what takes longer than until `endMs` goes on by itself. */
  async #tell(callerId: string, requests: readonly StoredRequest[], endMs: number): Promise<void> {
    const { clock, scopeOf } = this.#parts;
    const terms = requests.map(({ number, seq, keep }): ValueRenewal => ({ number, version: seq, ...keep }));
    const telling = this.#telling.tell(scopeOf(callerId), terms);
    await within(endMs - clock.monotonicMs(), telling, () => undefined, clock);
  }

  /**
   * How a batch stands as soon as there is an answer, or at `endMs`. Once it has ended it is read, as far as that comes by `readMs`;
   * whoever asks again is then told what came of it.
   */
  async #batch(
    batch: ValuesBatch,
    endMs: number,
    readMs: number,
    signal: AbortSignal,
  ): Promise<ValuesBatchResult> {
    const { clock } = this.#parts;
    for (;;) {
      const progress = await this.#reads.progress(batch, readMs);
      if (!progress) return { kind: 'not_found' };
      const { done, ended, lastQueuedSeq } = progress;
      if (lastQueuedSeq === undefined || ended > 0) {
        const members = await this.#reads.members(batch, done, readMs, signal);
        return members ? batchResult(batch, members) : unfinished(batch, done);
      }
      if (clock.monotonicMs() >= endMs || signal.aborted) return unfinished(batch, done);
      // Requests of a caller are taken up in order, so the last one is likely to end last; before it there is no need to count them.
      await this.#ended(lastQueuedSeq, endMs, signal);
    }
  }

  /** Resolves when a request has ended, at `endMs`, or when `signal` aborts. */
  async #ended(seq: number, endMs: number, signal: AbortSignal): Promise<void> {
    const { clock, lookups } = this.#parts;
    for (;;) {
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0 || signal.aborted) return;
      await lookups.endedSeq(seq, Math.min(leftMs, LOOK_EVERY_MS), signal);
      if ((await lookups.stored(seq))?.state.kind !== 'queued') return;
    }
  }
}

/** Those of the numbers whose factors are known, in order. */
function factored(
  numbers: readonly string[],
  known: ReadonlyMap<string, readonly Factor[]> | undefined,
  party: Party | undefined,
): Value[] {
  let guest = 0;
  return numbers.flatMap((number) => {
    const factors = known?.get(number) ?? party?.factors[guest++];
    return factors ? [{ number, factors }] : [];
  });
}

function unfinished(batch: ValuesBatch, done: number): Extract<ValuesBatchResult, { kind: 'unfinished' }> {
  return { kind: 'unfinished', batchId: formatBatchId(batch), done, total: batch.count };
}
