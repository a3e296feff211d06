/** Deliveries for tests: over a store in memory, a clock turned by hand, and endpoints that do what a test wants. */
import assert from 'node:assert/strict';
import { ManualClock, settled } from '../../base/manual-clock.ts';
import type { CallbackOutcome } from '../../callbacks/callback-outcome.ts';
import type { Delivery } from '../../domain/delivery.ts';
import type { StoredRequest } from '../../domain/request.ts';
import { StoreError, type Store } from '../../store/store.ts';
import { withEvents, type CalledRequest } from '../callback-attempt.ts';
import { Deliveries, type DeliverySettings } from '../deliveries.ts';
import { Disk, simulatedStore } from './simulated-store.ts';

export const URL = 'https://hooks.example/done';
export const RETRY_MS = [2_000, 10_000];
/** The middle of the jitter. */
const NO_JITTER = 0.5;

interface Attempt {
  readonly callerId: string;
  readonly seq: number;
  readonly sequence: number;
  readonly url: string;
  readonly atMs: number;
  /** Answers with this status after `wireMs`, 5 ms by default. */
  readonly answer: (status: number) => Promise<void>;
}

export class DeliveryFixture {
  readonly clock = new ManualClock();
  readonly disk = new Disk();
  readonly attempts: Attempt[] = [];
  readonly faults: unknown[] = [];
  readonly changes: StoredRequest[] = [];
  /** What an endpoint answers at once; undefined: nothing, it hangs. */
  status: (url: string) => number | undefined = () => undefined;
  /** Attempts written down, and refused while `isFull`. */
  records = 0;
  isFull = false;
  /** How busy the event loop is. */
  busyShare = 0;
  /** Whether this machine can dial nobody. */
  isUnable = false;
  /** How long it takes to look up a request. */
  findMs: (seq: number) => number = () => 0;
  store: Store;
  deliveries: Deliveries;
  #seq = 0;

  constructor(settings: Partial<DeliverySettings> = {}) {
    this.store = this.#store();
    this.deliveries = this.#open(settings);
  }

  /** The process is killed, and another takes up the disk. */
  async restart(settings: Partial<DeliverySettings> = {}): Promise<void> {
    this.store = this.#store();
    this.deliveries = this.#open(settings);
    await this.deliveries.start();
    await settled();
  }

  /** Requests of this caller end, now, and their callbacks are due. */
  async end(callerId: string, url = URL, count = 1): Promise<number[]> {
    const seqs = await this.write(callerId, url, count);
    for (const seq of seqs) this.deliveries.due(this.stored(seq));
    await settled();
    return seqs;
  }

  /** The same, and the process dies before it tells anybody. */
  async write(callerId: string, url = URL, count = 1): Promise<number[]> {
    const seqs = Array.from({ length: count }, () => ++this.#seq);
    const request = { token: 't', callerId, mode: 'async', number: '15', ordinal: 1 } as const;
    const acceptedAtMs = this.clock.wallMs();
    await this.store.accept({
      requests: seqs.map((seq) => ({ ...request, seq, acceptedAtMs, callbackUrl: url })),
    });
    const state = { kind: 'done', finishedAtMs: acceptedAtMs, cpuMs: 1, factors: [] } as const;
    const timeline = [{ event: 'finished', atMs: acceptedAtMs, status: 'done' }] as const;
    const requests = seqs.map((seq) => ({ seq, state, timeline, called: true }));
    await this.store.finish([{ number: '15', dropLog: true, requests }]);
    return seqs;
  }

  /** As `Replica.redeliver` does it. */
  async redeliver(seq: number): Promise<void> {
    const dueAtMs = this.clock.wallMs();
    const timeline = withEvents(this.stored(seq).timeline, [{ event: 'redelivery', atMs: dueAtMs }]);
    await this.store.redeliver(seq, dueAtMs, timeline);
    this.deliveries.revive(this.stored(seq));
    this.deliveries.due(this.stored(seq));
    await settled();
  }

  stored(seq: number): StoredRequest {
    const stored = this.disk.requests.get(seq);
    assert.ok(stored);
    return stored;
  }

  delivery(seq: number): Delivery | undefined {
    return this.stored(seq).delivery;
  }

  get last(): Attempt {
    const last = this.attempts.at(-1);
    assert.ok(last, 'an attempt was made');
    return last;
  }

  of(callerId: string): Attempt[] {
    return this.attempts.filter((attempt) => attempt.callerId === callerId);
  }

  #store(): Store {
    const machine = {
      begin: <T>(_line: string, effect: () => T): Promise<T> => Promise.resolve().then(effect),
    };
    const store = simulatedStore(machine, this.disk, () => false);
    return {
      ...store,
      recordAttempt: async (record) => {
        if (this.isFull) throw new StoreError('full', 'simulated');
        this.records++;
        return store.recordAttempt(record);
      },
    };
  }

  #open(settings: Partial<DeliverySettings>): Deliveries {
    const { store, clock } = this;
    return new Deliveries({
      store,
      clock,
      random: () => NO_JITTER,
      busyShare: () => this.busyShare,
      weightOf: () => 1,
      find: async (seq) => {
        const ms = this.findMs(seq);
        if (ms > 0) await clock.sleep(ms);
        return (await store.get([seq]))[0];
      },
      send: (stored, signal) => this.#send(stored, signal),
      settings: {
        retries: { delaysMs: RETRY_MS },
        attemptsMax: 16,
        attemptsPerHostMax: 16,
        rateOf: () => undefined,
        ...settings,
      },
      onChange: (stored) => this.changes.push(stored),
      onFatal: (error) => this.faults.push(error),
    });
  }

  #send(
    { callerId, seq, callbackUrl: url, delivery: { sequence } }: CalledRequest,
    signal: AbortSignal,
  ): Promise<CallbackOutcome> {
    if (this.isUnable) return Promise.resolve({ kind: 'unable', code: 'EMFILE', wireMs: 0 });
    const { promise, resolve } = Promise.withResolvers<CallbackOutcome>();
    const startMs = this.clock.monotonicMs();
    const wireMs = (): number => this.clock.monotonicMs() - startMs;
    const answer = async (status: number): Promise<void> => {
      resolve({ kind: 'answered', status, retryAfterMs: 0, wireMs: wireMs() });
      await settled();
    };
    this.attempts.push({ callerId, seq, sequence, url, atMs: this.clock.wallMs(), answer });
    signal.addEventListener('abort', () => resolve({ kind: 'interrupted', wireMs: wireMs() }));
    const status = this.status(url);
    if (status !== undefined) void answer(status);
    return promise;
  }
}

export async function started(settings: Partial<DeliverySettings> = {}): Promise<DeliveryFixture> {
  const fixture = new DeliveryFixture(settings);
  await fixture.deliveries.start();
  return fixture;
}
