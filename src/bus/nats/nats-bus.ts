/**
 * The bus over NATS: core messages, request and reply; nothing is kept there.
 *
 * It starts whether NATS is there or not, and looks for it again whenever it is gone, for as long as the bus lives. Invariants:
 *   N1. What is asked or announced while there is no connection is never sent later.
 *   N2. When `connected` becomes true, the server has every subscription of this bus.
 */
import { errors, headers, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Clock } from '../../base/clock.ts';
import { assert } from '../../base/assert.ts';
import { within } from '../../base/within.ts';
import { addHandler, assertBody, assertTopic, outcomeOf } from '../bus-messages.ts';
import { BusError, type AnswerHandler, type AskOptions, type Bus, type HearHandler } from '../bus.ts';
import type { NatsAddress } from './nats-address.ts';
import { openNatsConnection } from './nats-connection.ts';
import { announceSubject, askSubject, inboxPrefix, isClusterName } from './nats-subjects.ts';

export interface NatsBusOptions {
  readonly address: NatsAddress;
  /** Clusters of different names on one NATS know nothing of each other. */
  readonly cluster: string;
  /** That of this replica, which it alone has in its cluster. */
  readonly shard: number;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Told why there is no connection, once until that changes; what NATS forbids; and what handlers of announcements throw. */
  readonly onFault: (error: unknown) => void;
  /** Told, with the server's host and port, whenever there is a connection (again). */
  readonly onConnected: (server: string) => void;
}

/** Between two tries to connect: at least this, less than twice. */
const RETRY_MS = 250;
/**
 * So long after its time the library forgets an ask that nobody answered: its own timer would judge a process that stood still before
 * the answers are read that came meanwhile (as it still does after a pause longer than this).
 */
const FORGET_MS = 5_000;
/** How long the end of a bus waits for its handlers and for NATS. */
const END_MS_MAX = 1_000;

/** Marks an answer that is the message of an error. */
const REFUSED = headers();
REFUSED.set('Fairsieve-Refused', 'true');

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns at once; `connected` and `onConnected` tell when others can be reached. */
export function openNatsBus(options: NatsBusOptions): Bus {
  return new NatsBus(options);
}

class NatsBus implements Bus {
  readonly #options: NatsBusOptions;
  readonly #answers = new Map<string, AnswerHandler>();
  readonly #hears = new Map<string, HearHandler>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #ending = new AbortController();
  readonly #ended: Promise<void>;
  #connection: NatsConnection | undefined;
  /** Those for asks, of the connection that there is. */
  #asks: Subscription[] = [];
  /** The last one told of, to tell of it once. */
  #fault = '';

  constructor(options: NatsBusOptions) {
    assert(isClusterName(options.cluster), `This is no name of a cluster: ${options.cluster}`);
    this.#options = options;
    this.#ended = this.#stayConnected();
  }

  get connected(): boolean {
    return this.#connection !== undefined && !this.#connection.isClosed();
  }

  async ask(shard: number, topic: string, body: Uint8Array, options: AskOptions): Promise<Uint8Array> {
    assertTopic(topic);
    assertBody(body);
    const { timeoutMs, signal } = options;
    const connection = this.#connection;
    if (!connection || connection.isClosed())
      throw new BusError('disconnected', 'There is no connection to NATS');
    const late = (): never => {
      throw new BusError('timeout', `Shard ${shard} did not answer on ${topic} within ${timeoutMs} ms`);
    };
    if (timeoutMs <= 0 || signal?.aborted) return late();
    const { cluster, clock } = this.#options;
    // The library takes a timer's whole milliseconds only.
    const timeout = Math.ceil(timeoutMs) + FORGET_MS;
    const asked = connection.request(askSubject(cluster, shard, topic), body, { timeout });
    const answer = await within(timeoutMs, asked, late, clock, signal).catch((error: unknown) => {
      if (error instanceof BusError) throw error;
      if (error instanceof errors.TimeoutError) return late();
      if (error instanceof errors.RequestError && error.isNoResponders())
        throw new BusError('absent', `Nobody answers for shard ${shard} on ${topic}`, error);
      throw new BusError('disconnected', 'The connection to NATS was lost', error);
    });
    if (answer.headers?.has('Fairsieve-Refused')) throw new BusError('refused', decoder.decode(answer.data));
    return answer.data;
  }

  answer(topic: string, handler: AnswerHandler): void {
    addHandler(this.#answers, topic, handler);
    if (this.#connection) this.#takeAsks(this.#connection, topic, handler);
  }

  announce(topic: string, body: Uint8Array): void {
    assertTopic(topic);
    assertBody(body);
    if (!this.#connection || this.#connection.isClosed()) return;
    this.#connection.publish(announceSubject(this.#options.cluster, topic), body);
  }

  hear(topic: string, handler: HearHandler): void {
    addHandler(this.#hears, topic, handler);
    if (this.#connection) this.#takeAnnouncements(this.#connection, topic, handler);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#ending.abort();
    if (connection && !connection.isClosed()) await this.#finish(connection);
    await this.#ended;
  }

  async #stayConnected(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await this.#holdConnection();
      } catch (error) {
        this.#tell(error);
      }
      await clock.sleep(RETRY_MS * (1 + random()), signal);
    }
  }

  /** From a connection's start to its end. */
  async #holdConnection(): Promise<void> {
    const { address, cluster, shard, random, onConnected } = this.#options;
    const name = `${cluster} shard ${shard}`;
    const { signal } = this.#ending;
    const connection = await openNatsConnection(
      { address, name, inboxPrefix: inboxPrefix(cluster), random },
      signal,
    );
    this.#asks = [];
    for (const [topic, handler] of this.#answers) this.#takeAsks(connection, topic, handler);
    for (const [topic, handler] of this.#hears) this.#takeAnnouncements(connection, topic, handler);
    await Promise.race([connection.flush(), connection.closed()]);
    if (signal.aborted) return connection.close();
    this.#connection = connection;
    this.#fault = '';
    onConnected(connection.getServer());
    const reason = await connection.closed();
    this.#connection = undefined;
    if (!signal.aborted)
      throw new Error('The connection to NATS was lost', reason ? { cause: reason } : undefined);
  }

  #takeAsks(connection: NatsConnection, topic: string, handler: AnswerHandler): void {
    const { cluster, shard } = this.#options;
    const subscription = connection.subscribe(askSubject(cluster, shard, topic), {
      callback: (error, message) => {
        if (error) return this.#tell(error);
        this.#track(reply(connection, message, handler));
      },
    });
    this.#asks.push(subscription);
  }

  #track(work: Promise<void>): void {
    this.#underWay.add(work);
    void work.then(() => this.#underWay.delete(work));
  }

  #takeAnnouncements(connection: NatsConnection, topic: string, handler: HearHandler): void {
    connection.subscribe(announceSubject(this.#options.cluster, topic), {
      callback: (error, message) => {
        if (error) return this.#tell(error);
        // What is thrown here would end the library's reading of the connection.
        try {
          handler(message.data);
        } catch (thrown) {
          this.#options.onFault(thrown);
        }
      },
    });
  }

  /** What is under way is answered and sent, if that does not take too long. */
  async #finish(connection: NatsConnection): Promise<void> {
    const finished = async (): Promise<void> => {
      await Promise.all(this.#asks.map((subscription) => subscription.drain()));
      await Promise.all(this.#underWay);
      await connection.flush();
    };
    // If the connection is lost meanwhile, nothing can be finished any more.
    const tried = finished().catch(() => undefined);
    await within(END_MS_MAX, tried, () => undefined, this.#options.clock);
    await connection.close();
  }

  #tell(error: unknown): void {
    const fault = String(error);
    if (fault === this.#fault || this.#ending.signal.aborted) return;
    this.#fault = fault;
    this.#options.onFault(error);
  }
}

async function reply(connection: NatsConnection, message: Msg, handler: AnswerHandler): Promise<void> {
  const outcome = await outcomeOf(handler, message.data);
  // Whoever asked over a connection that is gone knows that it got no answer.
  if (connection.isClosed()) return;
  if (outcome.kind === 'answered') message.respond(outcome.body);
  else message.respond(encoder.encode(outcome.message), { headers: REFUSED });
}
