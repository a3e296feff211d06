/**
 * Buses in one process, for tests and simulations: latencies, partitions, lost connections and crashes as a test wants them, and
 * always the same ones for the same clock and random numbers.
 *
 * Invariants:
 *   M1. What one bus is given never shares memory with what another one sent.
 *   M2. A message that was under way when its sender or receiver was cut off, parted from the other or crashed does not arrive.
 */
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { within } from '../base/within.ts';
import { addHandler, assertBody, assertTopic, outcomeOf } from './bus-messages.ts';
import { BusError, type AnswerHandler, type AskOptions, type Bus, type HearHandler } from './bus.ts';

/** How long the end of a bus waits for its handlers. */
const END_MS_MAX = 1_000;

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** A message takes from the first of these to the second: later ones overtake. */
  readonly latencyMs?: readonly [number, number];
  /** Told what handlers of announcements throw. */
  readonly onFault?: (error: unknown) => void;
}

export class MemoryNetwork {
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
  readonly #random: () => number;
  readonly #latencyMs: readonly [number, number];
  readonly #members = new Map<number, MemoryBus>();
  readonly #cutOff = new Set<number>();
  readonly #groupOf = new Map<number, number>();

  constructor({ clock, random, latencyMs = [0, 0], onFault = () => undefined }: MemoryNetworkOptions) {
    this.clock = clock;
    this.onFault = onFault;
    this.#random = random;
    this.#latencyMs = latencyMs;
  }

  /** The bus of a shard that has none here. */
  join(shard: number): Bus {
    assert(!this.#members.has(shard), `Shard ${shard} has a bus already`);
    const bus = new MemoryBus(this, shard);
    this.#members.set(shard, bus);
    return bus;
  }

  /** From now on messages between these groups are lost without a word. Shards in none of them are a group too. */
  part(...groups: readonly (readonly number[])[]): void {
    this.#groupOf.clear();
    groups.forEach((shards, group) => shards.forEach((shard) => this.#groupOf.set(shard, group)));
  }

  /** These lose their connection, and notice; the others find them absent. */
  cutOff(...shards: readonly number[]): void {
    for (const shard of shards) {
      this.#cutOff.add(shard);
      this.#members.get(shard)?.drop('The connection was lost');
    }
  }

  /** All are connected, and every message arrives again. */
  heal(): void {
    this.#groupOf.clear();
    this.#cutOff.clear();
  }

  /** This one is gone from one moment to the next; nothing that it is still at reaches anybody. Its shard may join again. */
  crash(shard: number): void {
    this.#members.get(shard)?.drop('The replica has crashed');
    this.#members.delete(shard);
  }

  /** Called by buses. */
  leave(bus: MemoryBus): void {
    if (this.#members.get(bus.shard) === bus) this.#members.delete(bus.shard);
  }

  isConnected(bus: MemoryBus): boolean {
    return this.#members.get(bus.shard) === bus && !this.#cutOff.has(bus.shard);
  }

  /** The bus of a shard, if it can be seen. */
  find(shard: number): MemoryBus | undefined {
    const bus = this.#members.get(shard);
    return bus && this.isConnected(bus) ? bus : undefined;
  }

  others(bus: MemoryBus): MemoryBus[] {
    return [...this.#members.values()].filter((other) => other !== bus);
  }

  /** Lets a message travel, and arrive if nothing prevents it. */
  async carry(from: MemoryBus, to: MemoryBus, arrive: () => void): Promise<void> {
    const [least, most] = this.#latencyMs;
    const leaves = this.#passes(from, to);
    await this.clock.sleep(least + this.#random() * (most - least));
    if (leaves && this.#passes(from, to)) arrive();
  }

  #passes(from: MemoryBus, to: MemoryBus): boolean {
    return (
      this.isConnected(from) &&
      this.isConnected(to) &&
      this.#groupOf.get(from.shard) === this.#groupOf.get(to.shard)
    );
  }
}

class MemoryBus implements Bus {
  readonly shard: number;
  readonly #network: MemoryNetwork;
  readonly #answers = new Map<string, AnswerHandler>();
  readonly #hears = new Map<string, HearHandler>();
  readonly #asked = new Set<PromiseWithResolvers<Uint8Array>>();
  readonly #underWay = new Set<Promise<void>>();
  #ending = false;

  constructor(network: MemoryNetwork, shard: number) {
    this.#network = network;
    this.shard = shard;
  }

  get connected(): boolean {
    return !this.#ending && this.#network.isConnected(this);
  }

  async ask(
    shard: number,
    topic: string,
    body: Uint8Array,
    { timeoutMs, signal }: AskOptions,
  ): Promise<Uint8Array> {
    assertTopic(topic);
    assertBody(body);
    if (!this.connected) throw new BusError('disconnected', 'There is no connection');
    const late = new BusError('timeout', `Shard ${shard} did not answer on ${topic} within ${timeoutMs} ms`);
    if (timeoutMs <= 0 || signal?.aborted) throw late;
    const answer = Promise.withResolvers<Uint8Array>();
    const over = new AbortController();
    this.#asked.add(answer);
    signal?.addEventListener('abort', () => answer.reject(late), { signal: over.signal });
    void this.#network.clock.sleep(timeoutMs, over.signal).then(() => answer.reject(late));
    this.#send(shard, topic, body.slice(), answer);
    try {
      return await answer.promise;
    } finally {
      this.#asked.delete(answer);
      over.abort();
    }
  }

  answer(topic: string, handler: AnswerHandler): void {
    addHandler(this.#answers, topic, handler);
  }

  announce(topic: string, body: Uint8Array): void {
    assertTopic(topic);
    assertBody(body);
    if (!this.connected) return;
    const sent = body.slice();
    for (const other of this.#network.others(this))
      this.#track(this.#network.carry(this, other, () => other.#hear(topic, sent.slice())));
  }

  hear(topic: string, handler: HearHandler): void {
    addHandler(this.#hears, topic, handler);
  }

  /** Whoever asked something is told that the connection is gone. */
  drop(reason: string): void {
    for (const answer of this.#asked) answer.reject(new BusError('disconnected', reason));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    this.drop('The bus has ended');
    await within(END_MS_MAX, Promise.all(this.#underWay), () => undefined, this.#network.clock);
    this.#network.leave(this);
  }

  #send(shard: number, topic: string, body: Uint8Array, answer: PromiseWithResolvers<Uint8Array>): void {
    const to = this.#network.find(shard);
    const handler = to && !to.#ending ? to.#answers.get(topic) : undefined;
    if (!to || to === this || !handler) {
      const absent = new BusError('absent', `Nobody answers for shard ${shard} on ${topic}`);
      void this.#network.carry(this, this, () => answer.reject(absent));
      return;
    }
    void this.#network.carry(this, to, () => to.#track(to.#reply(this, handler, body, answer)));
  }

  async #reply(
    to: MemoryBus,
    handler: AnswerHandler,
    asked: Uint8Array,
    answer: PromiseWithResolvers<Uint8Array>,
  ): Promise<void> {
    const outcome = await outcomeOf(handler, asked);
    const arrive =
      outcome.kind === 'answered'
        ? answer.resolve.bind(undefined, outcome.body.slice())
        : answer.reject.bind(undefined, new BusError('refused', outcome.message));
    await this.#network.carry(this, to, arrive);
  }

  #track(work: Promise<void>): void {
    this.#underWay.add(work);
    void work.then(() => this.#underWay.delete(work));
  }

  #hear(topic: string, body: Uint8Array): void {
    try {
      this.#hears.get(topic)?.(body);
    } catch (error) {
      this.#network.onFault(error);
    }
  }
}
