/**
 * Who is here: what the replicas of a cluster tell each other of themselves, twice a second and whenever it changes.
 *
 * Invariants:
 *   P1. A replica is present while it was heard within `PRESENT_MS` and has not said that it left.
 *   P2. Whoever is heard for the first time is answered at once: so who comes knows within a moment who is here.
 *   P3. A replica that speaks another protocol is never among those who are present.
 *   P4. Of two that call a shard theirs, the one that claimed it last is right: the other one's word counts for nothing, and it is told
 *       that it has lost the shard, which it may not know while it can't reach its store.
 */
import * as Type from 'typebox';
import type { Clock } from '../../base/clock.ts';
import type { Bus } from '../../bus/bus.ts';
import { StoreError } from '../../store/store.ts';
import { FormError, plainForm } from './form.ts';
import { PROTOCOL, STAGES, type Peer, type Stage } from './peer.ts';

export interface PresenceParts {
  readonly bus: Pick<Bus, 'announce' | 'hear'>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly shard: number;
  /** Which claim of the shard this replica's is: it grows with each. */
  readonly epoch: number;
  /** What people call this replica. */
  readonly name: string;
  /** Requests that wait here. */
  readonly load: () => number;
  /** See `Peer`; undefined: there is none yet. */
  readonly callbackKey: () => string | undefined;
  /** The shard is another replica's now. Told once. */
  readonly onLost: (error: StoreError) => void;
}

export const HEARTBEAT_MS = 500;
export const PRESENT_MS = 2_000;
const TOPIC = 'presence';

/** `left`: it is about to end. */
interface Heartbeat extends Omit<Peer, 'stage'> {
  readonly stage: Stage | 'left';
  readonly epoch: number;
}

// Of one that speaks another protocol, no more can be relied upon than this.
const HEARTBEAT = plainForm<Heartbeat>(
  Type.Object({
    shard: Type.Integer({ minimum: 0 }),
    epoch: Type.Integer({ minimum: 0 }),
    name: Type.String(),
    protocol: Type.Integer(),
    stage: Type.Enum([...STAGES, 'left']),
    load: Type.Number(),
    callbackKey: Type.Optional(Type.String()),
  }),
);

interface Heard {
  readonly peer: Peer;
  readonly epoch: number;
  readonly atMs: number;
}

export class Presence {
  readonly #parts: PresenceParts;
  readonly #heard = new Map<number, Heard>();
  readonly #onArrival: ((shard: number) => void)[] = [];
  #stage: Stage | 'left' = 'catching_up';
  #isLost = false;
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

  /** `listener` is told of each replica that is heard for the first time, or again after it was not. */
  onArrival(listener: (shard: number) => void): void {
    this.#onArrival.push(listener);
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
    const { bus, epoch } = this.#parts;
    bus.announce(TOPIC, HEARTBEAT.toBytes({ ...this.self(), stage: this.#stage, epoch }));
  }

  /** What others know of this one, save its stage. */
  self(): Omit<Peer, 'stage'> {
    const { shard, name, load, callbackKey: key } = this.#parts;
    const callbackKey = key();
    return {
      protocol: PROTOCOL,
      shard,
      name,
      load: load(),
      ...(callbackKey !== undefined && { callbackKey }),
    };
  }

  /** The other replicas, by shard. */
  present(): Peer[] {
    return this.#here().filter(({ protocol }) => protocol === PROTOCOL);
  }

  /** Whether one that was heard is not any more, and has not said that it leaves. */
  get isAnyoneMissing(): boolean {
    return this.#heard.size > this.#here().length;
  }

  /** Those that are here and can't be talked to. */
  strangers(): Peer[] {
    return this.#here().filter(({ protocol }) => protocol !== PROTOCOL);
  }

  isPresent(shard: number): boolean {
    return this.present().some((peer) => peer.shard === shard);
  }

  /** Whether this is a replica that hands over what it holds; it may be oneself. */
  isLeaving(shard: number): boolean {
    if (shard === this.shard) return this.#stage === 'leaving';
    return this.present().some((peer) => peer.shard === shard && peer.stage === 'leaving');
  }

  #here(): Peer[] {
    return [...this.#heard.values()]
      .filter((heard) => this.#isFresh(heard))
      .map(({ peer }) => peer)
      .toSorted((a, b) => a.shard - b.shard);
  }

  #isFresh({ atMs }: Heard): boolean {
    return atMs > this.#parts.clock.monotonicMs() - PRESENT_MS;
  }

  #hear(bytes: Uint8Array): void {
    const heartbeat = understood(bytes);
    if (!heartbeat) return;
    const { stage, epoch, ...peer } = heartbeat;
    if (peer.shard === this.shard) {
      this.#hearOwn(epoch, peer.name);
      return;
    }
    const before = this.#heard.get(peer.shard);
    const isNew = !before || !this.#isFresh(before);
    if (!isNew && epoch < before.epoch) return;
    if (stage === 'left') {
      this.#heard.delete(peer.shard);
      this.departures++;
    } else
      this.#heard.set(peer.shard, {
        peer: { ...peer, stage },
        epoch,
        atMs: this.#parts.clock.monotonicMs(),
      });
    if (!isNew || stage === 'left') return;
    if (this.#stage !== 'left') this.announce();
    for (const listener of this.#onArrival) listener(peer.shard);
  }

  /** Another one calls this replica's shard its own. */
  #hearOwn(epoch: number, name: string): void {
    if (epoch <= this.#parts.epoch || this.#isLost) return;
    this.#isLost = true;
    const why = `${name} has claimed the database of shard ${this.shard} since (epoch ${epoch}, this replica's is ${this.#parts.epoch}): this one must end`;
    this.#parts.onLost(new StoreError('lost', why));
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
