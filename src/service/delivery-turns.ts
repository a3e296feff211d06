/**
 * Whose callback is attempted next: what is due waits for its turn in a fair scheduler, whose cost is the time on the wire, and then,
 * if need be, for its host or until its caller may have another attempt.
 *
 * Pure and synchronous: times are passed in, wall clock (`wallMs`) for what is due and monotonic (`nowMs`) for the rest.
 *
 * Invariants:
 *   T1. At most `attemptsMax` turns are under way. A caller has no more of them than places are free: so however many of its endpoints
 *       hang, half of what others leave stays free for others. So it is with the attempts under way at each host.
 *   T2. Turns of one caller come in the order in which its callbacks are due.
 *   T3. Who waits for a host goes before those who come later, as soon as the host takes one more of its caller.
 *   T4. After `begin`, what waits is waiting for time to pass (`nextInMs`) or for the end of a turn that is under way.
 */
import { HostBreaker, type BreakerPass } from '../callbacks/host-breaker.ts';
import type { HostHealth } from '../callbacks/attempt-outcome.ts';
import type { CallbackLines, TakenCallback } from '../callbacks/callback-lines.ts';
import { HostLimits } from '../callbacks/host-limits.ts';
import { FairScheduler, type Dispatch } from '../scheduler/fair-scheduler.ts';

export interface TurnLimits {
  /** Attempts under way: in all, and to one host. */
  readonly attemptsMax: number;
  readonly attemptsPerHostMax: number;
  /** Attempts in a second that may begin at this host; undefined: any number. */
  readonly rateOf: (host: string) => number | undefined;
}

export interface DeliveryTurnsOptions {
  readonly lines: CallbackLines;
  readonly limits: TurnLimits;
  readonly weightOf: (callerId: string) => number;
}

interface Candidate {
  readonly taken: TakenCallback;
  readonly host: string;
  readonly dispatch: Dispatch;
}

export type AttemptTurn = Candidate & { readonly kind: 'attempt'; readonly pass: BreakerPass };

/** To be attempted, or to be put off: its host is not called for another `forMs`. */
export type Turn = AttemptTurn | (Candidate & { readonly kind: 'hold'; readonly forMs: number });

/** Time on the wire that an attempt is expected to take. */
const EXPECTED_MS = 50;
/** Some milliseconds' worth. */
const STEPS_MAX = 1_000;
/** Whoever waits for a probe looks again after this long: it is over by then. */
const PROBE_WAIT_MS = 15_000;

export class DeliveryTurns {
  readonly #lines: CallbackLines;
  readonly #attemptsMax: number;
  readonly #scheduler: FairScheduler;
  readonly #breaker = new HostBreaker();
  readonly #limits: HostLimits;
  /** What waits in the scheduler, by the number of its entry. */
  readonly #waiting = new Map<number, TakenCallback>();
  /** Who waits for a host, by host. */
  readonly #atHost = new Map<string, Candidate[]>();
  /** Hosts that may take one more of those who wait. */
  readonly #open = new Set<string>();
  /** Hosts that are waited for because of their rate, with the time from which on they take one more. */
  readonly #timed = new Map<string, number>();
  /** Who has as many turns under way as it may have, by caller. */
  readonly #crowded = new Map<string, Candidate>();
  /** Turns under way, by caller. */
  readonly #begun = new Map<string, number>();
  /** Attempts under way, by caller and host. */
  readonly #begunAt = new Map<string, number>();
  #underWay = 0;
  #entries = 0;
  /** Before others on this thread have a turn. */
  #stepsLeft = STEPS_MAX;

  constructor({ lines, limits, weightOf }: DeliveryTurnsOptions) {
    const { attemptsMax, attemptsPerHostMax, rateOf } = limits;
    this.#lines = lines;
    this.#attemptsMax = attemptsMax;
    this.#limits = new HostLimits({ totalMax: attemptsMax, perHostMax: attemptsPerHostMax, rateOf });
    this.#scheduler = new FairScheduler({
      weightOf,
      sliceMs: EXPECTED_MS * 2,
      placeBytesMax: 0,
      residencyMs: 0,
    });
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Callbacks that are taken and not under way. */
  get waiting(): number {
    const atHosts = [...this.#atHost.values()].reduce((sum, queue) => sum + queue.length, 0);
    return this.#waiting.size + atHosts + this.#crowded.size;
  }

  /**
   * The turns that begin now, each under way from when it is handed out; `end` must follow. After `STEPS_MAX` callbacks were looked
   * at it leaves the rest, so that nobody holds the event loop: then `nextInMs` is 0.
   */
  *begin(wallMs: number, nowMs: number): Generator<Turn, void> {
    this.#stepsLeft = STEPS_MAX;
    for (let turn = this.#next(wallMs, nowMs); turn; turn = this.#next(wallMs, nowMs)) yield turn;
  }

  #next(wallMs: number, nowMs: number): Turn | undefined {
    this.#takeDue(wallMs);
    for (; this.#free > 0 && this.#stepsLeft > 0; this.#stepsLeft--) {
      const candidate = this.#returning(nowMs) ?? this.#picked();
      if (!candidate) return undefined;
      const turn = this.#judge(candidate, nowMs);
      if (turn) return turn;
    }
    return undefined;
  }

  /**
   * The host has answered, or will not: it can be called for others while what came of this attempt is written down. `unknown` where
   * nobody was asked. To be said once of each attempt, before its end.
   */
  answered(turn: AttemptTurn, health: HostHealth, nowMs: number): void {
    const { host, pass } = turn;
    count(this.#begunAt, targetOf(turn), -1);
    this.#breaker.end(pass, health, nowMs);
    this.#limits.end(host);
    if (this.#atHost.has(host)) this.#open.add(host);
  }

  /** A turn is over, and what follows from it is durable; it took `wireMs`. */
  end({ taken, dispatch }: Turn, wireMs: number): void {
    count(this.#begun, taken.callerId, -1);
    this.#underWay--;
    this.#scheduler.finish(dispatch, wireMs);
    this.#lines.end(taken);
  }

  /** In how long `begin` may have something though no turn ends and nothing is added; Infinity: it won't. */
  nextInMs(wallMs: number, nowMs: number): number {
    if (this.#stepsLeft <= 0) return 0;
    const rates = this.#free > 0 ? [...this.#timed.values()] : [];
    return Math.min(this.#lines.nextDueAtMs - wallMs, ...rates.map((untilMs) => untilMs - nowMs));
  }

  get #free(): number {
    return this.#attemptsMax - this.#underWay;
  }

  #begunBy(callerId: string): number {
    return this.#begun.get(callerId) ?? 0;
  }

  /** Whatever is due goes to the scheduler, one of each caller. */
  #takeDue(wallMs: number): void {
    for (; this.#stepsLeft > 0; this.#stepsLeft--) {
      const taken = this.#lines.take(wallMs);
      if (!taken) return;
      const seq = ++this.#entries;
      this.#waiting.set(seq, taken);
      this.#scheduler.add({
        seq,
        callerId: taken.callerId,
        job: String(seq),
        estimateMs: EXPECTED_MS,
        placeBytes: 0,
        urgent: false,
      });
    }
  }

  #picked(): Candidate | undefined {
    const dispatch = this.#scheduler.pick();
    const taken = dispatch && this.#waiting.get(dispatch.entry.seq);
    if (!taken) return undefined;
    this.#waiting.delete(dispatch.entry.seq);
    return { taken, host: new URL(taken.due.url).host, dispatch };
  }

  /** One that had its turn before and can go now. */
  #returning(nowMs: number): Candidate | undefined {
    for (const [host, untilMs] of this.#timed) {
      if (untilMs > nowMs) continue;
      this.#timed.delete(host);
      this.#open.add(host);
    }
    for (const host of this.#open) {
      const candidate = this.#fromHost(host, nowMs);
      if (candidate) return candidate;
      this.#open.delete(host);
    }
    for (const [callerId, candidate] of this.#crowded) {
      if (this.#begunBy(callerId) >= this.#free) continue;
      this.#crowded.delete(callerId);
      return candidate;
    }
    return undefined;
  }

  #fromHost(host: string, nowMs: number): Candidate | undefined {
    const queue = this.#atHost.get(host);
    if (!queue || !this.#takesOneMore(host, nowMs)) return undefined;
    const i = queue.findIndex((each) => this.#hasShare(each));
    const [candidate] = i === -1 ? [] : queue.splice(i, 1);
    if (queue.length === 0) this.#atHost.delete(host);
    return candidate;
  }

  #takesOneMore(host: string, nowMs: number): boolean {
    const admission = this.#limits.admission(host, nowMs);
    if (admission.kind === 'held') this.#timed.set(host, admission.untilMs);
    return admission.kind === 'admitted';
  }

  /** Whether its caller has no more attempts under way at its host than places are free there. */
  #hasShare(candidate: Candidate): boolean {
    return (this.#begunAt.get(targetOf(candidate)) ?? 0) < this.#limits.room(candidate.host);
  }

  /** Its turn, if it can begin; else it waits for what it lacks. */
  #judge(candidate: Candidate, nowMs: number): Turn | undefined {
    const { taken, host } = candidate;
    const { callerId } = taken;
    const begun = this.#begunBy(callerId);
    if (begun >= this.#free) {
      this.#crowded.set(callerId, candidate);
      return undefined;
    }
    // One caller's failures at a host hold up nobody else's callbacks.
    const target = targetOf(candidate);
    const hold = this.#breaker.admission(target, nowMs);
    if (hold.kind === 'admitted' && !(this.#takesOneMore(host, nowMs) && this.#hasShare(candidate))) {
      const queue = this.#atHost.get(host) ?? [];
      queue.push(candidate);
      this.#atHost.set(host, queue);
      return undefined;
    }
    this.#lines.begin(taken);
    count(this.#begun, callerId, 1);
    this.#underWay++;
    if (hold.kind === 'held') {
      const forMs = hold.untilMs - nowMs;
      return {
        ...candidate,
        kind: 'hold',
        forMs: hold.why === 'probing' ? Math.min(forMs, PROBE_WAIT_MS) : forMs,
      };
    }
    this.#limits.begin(host, nowMs);
    count(this.#begunAt, target, 1);
    return { ...candidate, kind: 'attempt', pass: this.#breaker.begin(target, nowMs) };
  }
}

function targetOf({ taken, host }: Candidate): string {
  return `${taken.callerId}\n${host}`;
}

/** Adds `by` to what is counted under `key`; what is zero takes no memory. */
function count(counts: Map<string, number>, key: string, by: number): void {
  const now = (counts.get(key) ?? 0) + by;
  if (now === 0) counts.delete(key);
  else counts.set(key, now);
}
