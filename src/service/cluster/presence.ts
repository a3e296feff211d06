/**
 * Who is here: what the replicas of a cluster tell each other of themselves, twice a second and whenever it changes.
 *
 * Invariants:
 *   P1. A replica is present while it was heard within `PRESENT_MS` and has not said that it left.
 *   P2. Whoever is heard for the first time is answered at once: so who comes knows within a moment who is here.
 *   P3. A replica that speaks another protocol is never among those who are present.
 */
import * as Type from 'typebox';
import type { Clock } from '../../base/clock.ts';
import type { Bus } from '../../bus/bus.ts';
import { FormError, plainForm } from './form.ts';
import { PROTOCOL, STAGES, type Peer, type Stage } from './peer.ts';

export interface PresenceParts {
  readonly bus: Pick<Bus, 'announce' | 'hear'>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly shard: number;
  /** What people call this replica. */
  readonly name: string;
  /** Requests that wait here. */
  readonly load: () => number;
}

export const HEARTBEAT_MS = 500;
const PRESENT_MS = 2_000;
const TOPIC = 'presence';

/** `left`: it is about to end. */
interface Heartbeat extends Omit<Peer, 'stage'> {
  readonly stage: Stage | 'left';
}

// Of one that speaks another protocol, no more can be relied upon than this.
const HEARTBEAT = plainForm<Heartbeat>(
  Type.Object({
    shard: Type.Integer({ minimum: 0 }),
    name: Type.String(),
    protocol: Type.Integer(),
    stage: Type.Enum([...STAGES, 'left']),
    load: Type.Number(),
  }),
);

interface Heard {
  readonly peer: Peer;
  readonly atMs: number;
}

export class Presence {
  readonly #parts: PresenceParts;
  readonly #heard = new Map<number, Heard>();
  #stage: Stage | 'left' = 'catching_up';
  /** How many have said that they left. */
  departures = 0;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    parts.bus.hear(TOPIC, (bytes) => this.#hear(bytes));
  }

  get shard(): number {
    return this.#parts.shard;
  }

  get stage(): Stage | 'left' {
    return this.#stage;
  }

  /** Tells the others that this replica is at another stage now. */
  enter(stage: Stage | 'left'): void {
    this.#stage = stage;
    this.announce();
  }

  /** Tells the others until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.announce();
      await this.#parts.clock.sleep(HEARTBEAT_MS, signal);
    }
  }

  announce(): void {
    const { bus, shard, name, load } = this.#parts;
    bus.announce(
      TOPIC,
      HEARTBEAT.toBytes({ protocol: PROTOCOL, shard, name, stage: this.#stage, load: load() }),
    );
  }

  /** The other replicas, by shard. */
  present(): Peer[] {
    return this.#here().filter(({ protocol }) => protocol === PROTOCOL);
  }

  /** Those that are here and can't be talked to. */
  strangers(): Peer[] {
    return this.#here().filter(({ protocol }) => protocol !== PROTOCOL);
  }

  isPresent(shard: number): boolean {
    return this.present().some((peer) => peer.shard === shard);
  }

  #here(): Peer[] {
    const sinceMs = this.#parts.clock.monotonicMs() - PRESENT_MS;
    return [...this.#heard.values()]
      .filter(({ atMs }) => atMs > sinceMs)
      .map(({ peer }) => peer)
      .toSorted((a, b) => a.shard - b.shard);
  }

  #hear(bytes: Uint8Array): void {
    const heartbeat = understood(bytes);
    // The shard may be this replica's own, while one that has lost it does not know yet.
    if (!heartbeat || heartbeat.shard === this.shard) return;
    const { stage, ...peer } = heartbeat;
    const isNew = !this.#here().some(({ shard }) => shard === peer.shard);
    if (stage === 'left') {
      this.#heard.delete(peer.shard);
      this.departures++;
    } else this.#heard.set(peer.shard, { peer: { ...peer, stage }, atMs: this.#parts.clock.monotonicMs() });
    if (isNew && stage !== 'left' && this.#stage !== 'left') this.announce();
  }
}

/** Undefined for what is no heartbeat at all: it is none of a replica's. */
function understood(bytes: Uint8Array): Heartbeat | undefined {
  try {
    return HEARTBEAT.fromBytes(bytes);
  } catch (error) {
    if (error instanceof FormError) return undefined;
    throw error;
  }
}
