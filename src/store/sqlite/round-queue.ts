/**
 * Groups calls into rounds: one round is under way at most, and whatever is called meanwhile goes into the next one, in order. So
 * the price of a message and of an fsync is shared by as many calls as the load brings.
 */
import { COMMIT_ROWS_MAX } from '../../domain/limits.ts';
import { StoreError } from '../store.ts';
import type { Answer, Ask, OperationName, Round, RoundReport } from './operation.ts';

interface Call {
  readonly name: OperationName;
  readonly ask: unknown;
  readonly rows: number;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
}

export interface RoundQueueOptions {
  /**
   * Once a round has been under way for so long, calls that somebody waits for who can come again are refused as `busy` until it is done:
   * those that wait and new ones, and of those in it the ones that only read, since of a write nobody knows yet. Never by default. The
   * other calls are made by the service for itself, and wait.
   */
  readonly stallMs?: number;
}

/** What is called while a client or another replica waits for the answer. */
const READS_FOR_OTHERS: ReadonlySet<OperationName> = new Set([
  'get',
  'batchProgress',
  'heldKeys',
  'list',
  'values',
  'valuesOf',
]);
const FOR_OTHERS: ReadonlySet<OperationName> = new Set([
  ...READS_FOR_OTHERS,
  'accept',
  'putValues',
  'renewValues',
]);

export class RoundQueue {
  readonly #send: (round: Round) => void;
  readonly #stallMs: number | undefined;
  #stallTimer: NodeJS.Timeout | undefined;
  #stalled = false;
  #waiting: Call[] = [];
  #underWay: readonly Call[] = [];
  #scheduled = false;
  #failure: StoreError | undefined;
  #onIdle: (() => void) | undefined;

  constructor(send: (round: Round) => void, { stallMs }: RoundQueueOptions = {}) {
    this.#send = send;
    this.#stallMs = stallMs;
  }

  /** `rows`: about how many rows it touches; a round has no more than `COMMIT_ROWS_MAX`, save where a single call has. */
  call<Name extends OperationName>(name: Name, ask: Ask<Name>, rows: number): Promise<Answer<Name>> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#stalled && FOR_OTHERS.has(name)) return Promise.reject(stalled());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, ask, rows, resolve, reject });
      this.#schedule();
    });
  }

  /** The round under way is done. */
  settle({ answers, faults }: RoundReport): void {
    const calls = this.#underWay;
    this.#underWay = [];
    clearTimeout(this.#stallTimer);
    this.#stalled = false;
    for (const { index, code, message } of faults) {
      calls[index]?.reject(code ? new StoreError(code, message) : new Error(message));
    }
    // Those rejected above ignore this.
    for (const [i, call] of calls.entries()) call.resolve(answers[i] as never);
    if (this.#waiting.length > 0) this.#schedule();
    else this.#onIdle?.();
  }

  /** Rejects everything under way and everything from now on. */
  fail(error: StoreError): void {
    this.#failure ??= error;
    clearTimeout(this.#stallTimer);
    const calls = [...this.#underWay, ...this.#waiting];
    this.#underWay = [];
    this.#waiting = [];
    for (const call of calls) call.reject(this.#failure);
    this.#onIdle?.();
  }

  /** Resolves when nothing is under way or waiting. */
  idle(): Promise<void> {
    if (this.#underWay.length === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#onIdle = resolve));
  }

  /** Sends at the end of this turn of the event loop: what arrives on other connections in the same turn goes with it. */
  #schedule(): void {
    if (this.#scheduled || this.#underWay.length > 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#waiting.length > 0) this.#start();
    });
  }

  #start(): void {
    let rows = 0;
    let count = 0;
    for (const call of this.#waiting) {
      rows += call.rows;
      if (rows > COMMIT_ROWS_MAX && count > 0) break;
      count++;
    }
    const calls = this.#waiting.splice(0, count);
    this.#underWay = calls;
    // Where the event loop was held up, the answer may be here: timers come before it.
    const look = (): unknown => setImmediate(() => this.#underWay === calls && this.#stall());
    if (this.#stallMs !== undefined) this.#stallTimer = setTimeout(look, this.#stallMs);
    this.#send({ names: calls.map((call) => call.name), asks: calls.map((call) => call.ask) });
  }

  #stall(): void {
    this.#stalled = true;
    const refused = [
      ...this.#waiting.filter(({ name }) => FOR_OTHERS.has(name)),
      ...this.#underWay.filter(({ name }) => READS_FOR_OTHERS.has(name)),
    ];
    this.#waiting = this.#waiting.filter(({ name }) => !FOR_OTHERS.has(name));
    for (const call of refused) call.reject(stalled());
  }
}

function stalled(): StoreError {
  return new StoreError('busy', 'The store does not answer just now');
}
