/**
 * Asking the other replicas, and answering them.
 *
 * What is held moves from replicas that leave to those that stay, and only so. Whoever must not miss it on its way asks `everywhere`:
 * where one answered that is leaving, those who stay are asked once more, after it.
 */
import type { Clock } from '../../base/clock.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Call } from './calls.ts';
import { answerLarge, askLarge } from './large-messages.ts';
import type { Presence } from './presence.ts';
import { Transfers } from './transfers.ts';

export interface PeerParts {
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly presence: Presence;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What each of those asked answered; those who did not are left out. */
export type Answers<A> = ReadonlyMap<number, A>;

/** First byte of an answer: whether who gives it is leaving. */
const [STAYS, LEAVES] = [0, 1];

interface Answered<A> {
  readonly answer: A;
  readonly leaves: boolean;
}

export class Peers {
  readonly #parts: PeerParts;
  readonly #transfers: Transfers;
  #isSilent = false;

  constructor(parts: PeerParts) {
    this.#parts = parts;
    this.#transfers = new Transfers(parts.clock);
  }

  get presence(): Presence {
    return this.#parts.presence;
  }

  /** Rejects as `Bus.ask` does, and with a FormError where the answer is not understood. */
  async ask<Q, A>(
    shard: number,
    call: Call<Q, A>,
    question: Q,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<A> {
    return (await this.#ask(shard, call, call.question.toBytes(question), timeoutMs, signal)).answer;
  }

  /** Asks all others that are present at once. */
  async askAll<Q, A>(call: Call<Q, A>, question: Q, timeoutMs: number): Promise<Answers<A>> {
    const shards = this.presence.present().map(({ shard }) => shard);
    return answersOf(await this.#askThese(shards, call, call.question.toBytes(question), timeoutMs));
  }

  /**
   * Asks all others that are present, such that what moves between them meanwhile is asked for where it is. `here`: the same question
   * to this replica, asked once at least and again where something may have moved here. The last answer of each counts. Takes
   * `timeoutMs` twice at most.
   */
  async everywhere<Q, A>(
    call: Call<Q, A>,
    question: Q,
    timeoutMs: number,
    here: () => Promise<A>,
  ): Promise<Answers<A>> {
    const bytes = call.question.toBytes(question);
    const shards = this.presence.present().map(({ shard }) => shard);
    const [own, first] = await Promise.all([here(), this.#askThese(shards, call, bytes, timeoutMs)]);
    const staying = [...first].filter(([, { leaves }]) => !leaves).map(([shard]) => shard);
    const isLeaving = this.presence.stage === 'leaving';
    const answers = answersOf(first).set(this.presence.shard, own);
    if (staying.length === first.size && !isLeaving) return answers;
    const again = await Promise.all([
      isLeaving ? own : here(),
      this.#askThese(staying, call, bytes, timeoutMs),
    ]);
    for (const shard of staying) answers.delete(shard);
    for (const [shard, answer] of answersOf(again[1])) answers.set(shard, answer);
    return answers.set(this.presence.shard, again[0]);
  }

  /** Nothing is answered from now on: whoever asks is refused. */
  fallSilent(): void {
    this.#isSilent = true;
  }

  /** Answers what others ask. What `handler` rejects with is told to whoever asked. */
  answer<Q, A>(call: Call<Q, A>, handler: (question: Q) => Promise<A>): void {
    answerLarge(this.#parts.bus, this.#transfers, call.topic, async (bytes) => {
      if (this.#isSilent) throw new Error('This replica has left');
      const answer = call.answer.toBytes(await handler(call.question.fromBytes(bytes)));
      const flagged = new Uint8Array(1 + answer.length);
      flagged[0] = this.presence.stage === 'leaving' ? LEAVES : STAYS;
      flagged.set(answer, 1);
      return flagged;
    });
  }

  async #askThese<Q, A>(
    shards: readonly number[],
    call: Call<Q, A>,
    question: Uint8Array,
    timeoutMs: number,
  ): Promise<Map<number, Answered<A>>> {
    const asked = await Promise.allSettled(
      shards.map((shard) => this.#ask(shard, call, question, timeoutMs)),
    );
    const answers = new Map<number, Answered<A>>();
    for (const [i, outcome] of asked.entries())
      if (outcome.status === 'fulfilled') answers.set(shards[i] ?? -1, outcome.value);
    return answers;
  }

  async #ask<Q, A>(
    shard: number,
    call: Call<Q, A>,
    question: Uint8Array,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Answered<A>> {
    const options = { timeoutMs, ...(signal && { signal }) };
    const bytes = await askLarge(this.#parts, shard, call.topic, question, options);
    return { answer: call.answer.fromBytes(bytes.subarray(1)), leaves: bytes[0] === LEAVES };
  }
}

function answersOf<A>(answered: ReadonlyMap<number, Answered<A>>): Map<number, A> {
  return new Map([...answered].map(([shard, { answer }]) => [shard, answer]));
}
