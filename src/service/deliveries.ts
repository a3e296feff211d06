/**
 * Tells the ends of requests to their callback URLs: at least once, in the order of their ends, fairly among callers.
 *
 * What is to be delivered is in the store. Whose turn it is says `DeliveryTurns`; here is what a turn does, and what wakes it.
 *
 * Invariants:
 *   D1. An attempt is written down before its outcome is told; one that is cut off (a crash, a stop) is made again.
 *   D2. An attempt is made only while it is due as it was when its turn came: whatever changes that (an attempt, a redelivery)
 *       makes a new one, and what comes of the old one changes nothing.
 *   D3. Attempts of one caller begin in the order of its turns.
 *   D4. What this machine could not begin is no attempt: it is put off, and nothing of it is told or counted.
 *   D5. While the event loop has no time to spare, fewer and fewer attempts begin: who asks goes before who is told.
 */
import { Alarm } from '../base/alarm.ts';
import type { Clock } from '../base/clock.ts';
import { CongestionWindow } from '../base/congestion-window.ts';
import { RecentMap } from '../base/recent-map.ts';
import { hostHealth } from '../callbacks/attempt-outcome.ts';
import { CallbackLines, type TakenCallback } from '../callbacks/callback-lines.ts';
import { toAttemptOutcome, type CallbackOutcome } from '../callbacks/callback-outcome.ts';
import type { RetryPolicy } from '../callbacks/retry-policy.ts';
import { isSameAttempt } from '../domain/delivery.ts';
import type { StoredRequest } from '../domain/request.ts';
import type { AttemptRecord, Endpoint, Store } from '../store/store.ts';
import {
  afterAttempt,
  isCalled,
  whileGone,
  whileHeld,
  type CalledRequest,
  type FinishedOutcome,
} from './callback-attempt.ts';
import { DeliveryTurns, type Turn, type TurnLimits } from './delivery-turns.ts';
import { untilRoom } from './patience.ts';

export interface DeliveryParts {
  readonly store: Store;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly weightOf: (callerId: string) => number;
  /** The request, from memory or from the store. */
  readonly find: (seq: number) => Promise<StoredRequest | undefined>;
  /** Makes one attempt, and never rejects. `interrupted` if and only if `signal` aborted. */
  readonly send: (stored: CalledRequest, signal: AbortSignal) => Promise<CallbackOutcome>;
  readonly settings: DeliverySettings;
  /** The share of the time since its last call for which the event loop was busy, from 0 to 1. */
  readonly busyShare: () => number;
  /** Told of each request whose delivery has changed, once that is durable. */
  readonly onChange: (stored: StoredRequest) => void;
  readonly onFatal: (error: unknown) => void;
}

export interface DeliverySettings extends TurnLimits {
  readonly retries: RetryPolicy;
}

/** Callbacks in memory: of one caller, and of all. */
const LINE_BOUNDS = { windowMax: 128, totalMax: 16_384 };
/** Pages of the store that are read at once: no more rows than it commits at once. */
const PAGES = 8;
/** Endpoints remembered as gone. */
const GONE_MAX = 10_000;
/** How long stopping waits for attempts under way; what is cut off is made again. */
const STOP_MS_MAX = 2_000;
/** Busy for more of the time than this, the event loop has none to spare. */
const BUSY_SHARE = 0.98;
/** Turns that begin between two looks however busy it is, how many more after each calm one, and how far they are apart. */
const PACE = { min: 16, max: 1_024, step: 128, everyMs: 200 };
/** What this machine could not send is tried again after this. */
const UNABLE_MS = 10_000;
/** What is held back for the same reason comes again at the same time, up to a multiple of this, and so in its order. */
const HELD_GRID_MS = 250;

/** What was done in a turn, and is to be written down. */
interface Act {
  readonly outcome?: FinishedOutcome;
  readonly record?: AttemptRecord;
}

export class Deliveries {
  readonly #parts: DeliveryParts;
  readonly #lines = new CallbackLines(LINE_BOUNDS);
  readonly #turns: DeliveryTurns;
  readonly #gone = new RecentMap<string, true>(GONE_MAX);
  /** The latest look-up for each caller that has one under way. */
  readonly #lookUps = new Map<string, Promise<StoredRequest | undefined>>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #window = new CongestionWindow(PACE);
  /** Turns that may begin until the next look. */
  #beginsLeft = 0;
  readonly #alarm: Alarm;
  readonly #stopping = new AbortController();
  readonly #cutting = new AbortController();
  #started = false;
  #pumping = false;
  #reading = false;
  readonly counts = { attempts: 0, delivered: 0, dead: 0 };

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    const { settings, weightOf, clock } = parts;
    this.#turns = new DeliveryTurns({ lines: this.#lines, limits: settings, weightOf });
    this.#alarm = new Alarm(clock, () => this.#pump());
  }

  /** Takes up what the store holds from before. Nothing is attempted until then. */
  async start(): Promise<void> {
    const { store } = this.#parts;
    const [gone, callers] = await Promise.all([store.goneEndpoints(GONE_MAX), store.callbackBacklog()]);
    // The latest last: those are kept for longest.
    for (const endpoint of gone.toReversed()) this.#gone.set(keyOf(endpoint), true);
    for (const { callerId } of callers) this.#lines.restore(callerId);
    this.#started = true;
    this.#pump();
  }

  /** Callbacks in memory that wait, and those whose turn is under way. */
  get size(): { readonly waiting: number; readonly underWay: number } {
    return { waiting: this.#lines.size + this.#turns.waiting, underWay: this.#turns.underWay };
  }

  /** Callers with callbacks that wait, in memory or not, or whose turn is under way. */
  get callers(): number {
    return this.#lines.callers;
  }

  has(callerId: string): boolean {
    return this.#lines.has(callerId);
  }

  /** The callback of this request is due, and that is durable. */
  due(stored: StoredRequest): void {
    if (!isCalled(stored)) return;
    const { seq, callerId, callbackUrl: url, delivery } = stored;
    const { sequence, dueAtMs, shard } = delivery;
    this.#lines.add(callerId, { seq, sequence, dueAtMs, url, ...(shard !== undefined && { shard }) });
    this.#pump();
  }

  /** Callbacks of this caller came into the store from another one, and are due. */
  adopted(callerId: string): void {
    this.#lines.restore(callerId);
    this.#pump();
  }

  /** Somebody asked for it to be sent again: its URL may be back. */
  revive({ callerId, callbackUrl: url }: StoredRequest): void {
    if (url !== undefined) this.#gone.delete(keyOf({ callerId, url }));
  }

  /** Begins no more attempts, gives those under way a moment, and cuts them off. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#alarm.stop();
    const over = new AbortController();
    const ended = this.#idle().then(() => over.abort());
    await this.#parts.clock.sleep(STOP_MS_MAX, over.signal);
    this.#cutting.abort();
    await ended;
  }

  async #idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Does what can be done now, at the end of this turn of the event loop. */
  #pump(): void {
    if (this.#pumping || !this.#started || this.#stopping.signal.aborted) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      if (this.#stopping.signal.aborted) return;
      try {
        this.#readPages();
        this.#begin();
      } catch (error) {
        this.#parts.onFatal(error);
      }
    });
  }

  /** One read of the store at a time. */
  #readPages(): void {
    const pages = this.#reading ? [] : this.#lines.demand(PAGES);
    if (pages.length === 0) return;
    const { store, clock } = this.#parts;
    this.#reading = true;
    this.#run(async () => {
      const found = await untilRoom(() => store.dueCallbacks(pages), clock, this.#stopping.signal);
      this.#reading = false;
      if (!found) return;
      for (const [i, page] of pages.entries()) this.#lines.arrived(page, found[i] ?? []);
    });
  }

  #begin(): void {
    const { clock, busyShare } = this.#parts;
    const [wallMs, nowMs] = [clock.wallMs(), clock.monotonicMs()];
    if (this.#window.look(nowMs, () => busyShare() > BUSY_SHARE))
      this.#beginsLeft = this.#window.size < PACE.max ? this.#window.size : Infinity;
    if (this.#beginsLeft > 0) {
      for (const turn of this.#turns.begin(wallMs, nowMs)) {
        this.#run(() => this.#carryOut(turn, wallMs));
        if (--this.#beginsLeft === 0) break;
      }
    }
    this.#alarm.set(this.#beginsLeft > 0 ? this.#turns.nextInMs(wallMs, nowMs) : PACE.everyMs);
  }

  /** `wallMs`: when its turn came. */
  async #carryOut(turn: Turn, wallMs: number): Promise<void> {
    const stored = await this.#stillDue(turn.taken);
    const { outcome, record } = stored ? await this.#act(turn, stored, wallMs) : {};
    if (turn.kind === 'attempt') {
      const health = outcome ? hostHealth(toAttemptOutcome(outcome)) : 'unknown';
      this.#turns.answered(turn, health, this.#parts.clock.monotonicMs());
      this.#pump();
    }
    if (stored && record) await this.#record(stored, record);
    this.#turns.end(turn, outcome?.wireMs ?? 0);
  }

  /** The request, if its callback is still due as it was when it was taken (D2); told in the order of turns (D3). */
  async #stillDue({ callerId, due }: TakenCallback): Promise<CalledRequest | undefined> {
    const { find, clock } = this.#parts;
    // One that is in memory must not overtake one that the store is asked for.
    const lookUp = Promise.all([
      untilRoom(() => find(due.seq), clock, this.#stopping.signal),
      this.#lookUps.get(callerId),
    ]).then(([found]) => found);
    this.#lookUps.set(callerId, lookUp);
    const stored = await lookUp;
    if (this.#lookUps.get(callerId) === lookUp) this.#lookUps.delete(callerId);
    return isCalled(stored) && isSameAttempt(stored.delivery, due) ? stored : undefined;
  }

  /** Makes the attempt, if one is to be made; one that was cut off has no outcome. */
  async #act(turn: Turn, stored: CalledRequest, wallMs: number): Promise<Act> {
    const { clock, send, random, settings } = this.#parts;
    const { callerId, callbackUrl: url } = stored;
    const startedAtMs = clock.wallMs();
    if (this.#gone.get(keyOf({ callerId, url }))) return { record: whileGone(stored, startedAtMs) };
    if (turn.kind === 'hold') {
      const untilMs = Math.ceil((wallMs + turn.forMs) / HELD_GRID_MS) * HELD_GRID_MS;
      return { record: whileHeld(stored, { nowMs: startedAtMs, untilMs }, settings.retries) };
    }
    const outcome = await send(stored, this.#cutting.signal);
    if (outcome.kind === 'unable') {
      const nowMs = clock.wallMs();
      return { record: whileHeld(stored, { nowMs, untilMs: nowMs + UNABLE_MS }, settings.retries) };
    }
    this.counts.attempts++;
    if (outcome.kind === 'interrupted') return {};
    const times = { startedAtMs, nowMs: clock.wallMs(), random: random() };
    return { outcome, record: afterAttempt(stored, outcome, times, settings.retries) };
  }

  async #record(stored: CalledRequest, record: AttemptRecord): Promise<void> {
    const { store, clock, onChange } = this.#parts;
    const written = await untilRoom(() => store.recordAttempt(record), clock, this.#stopping.signal);
    const { delivery, timeline, endpointGone } = record;
    if (written !== undefined && endpointGone) this.#gone.set(keyOf(endpointGone), true);
    if (written !== true) return;
    if (delivery.status !== 'pending') this.counts[delivery.status]++;
    const now: StoredRequest = { ...stored, delivery, timeline };
    onChange(now);
    this.due(now);
  }

  #run(work: () => Promise<void>): void {
    const tracked = work().catch(this.#parts.onFatal);
    this.#underWay.add(tracked);
    void tracked.finally(() => {
      this.#underWay.delete(tracked);
      this.#pump();
    });
  }
}

function keyOf({ callerId, url }: Endpoint): string {
  return `${callerId}\n${url}`;
}
