/** What every bus asserts of its messages, and what becomes of one that is asked. */
import { assert } from '../base/assert.ts';
import { errorMessage } from '../base/error-message.ts';
import { BUS_BYTES_MAX, type AnswerHandler } from './bus.ts';

/** Longest message of a refusal, in characters. */
const REFUSAL_CHARS_MAX = 1_000;

export type Outcome =
  | { readonly kind: 'answered'; readonly body: Uint8Array }
  | { readonly kind: 'refused'; readonly message: string };

export function assertTopic(topic: string): void {
  assert(/^[a-z]+(-[a-z]+)*$/.test(topic), `A topic is lower-case words with hyphens between: ${topic}`);
}

export function assertBody(body: Uint8Array): void {
  assert(
    body.length <= BUS_BYTES_MAX,
    `A message has ${body.length} bytes, at most ${BUS_BYTES_MAX} are allowed`,
  );
}

/** Notes the handler of a topic, which has none yet. */
export function addHandler<T>(handlers: Map<string, T>, topic: string, handler: T): void {
  assertTopic(topic);
  assert(!handlers.has(topic), `The topic ${topic} has a handler already`);
  handlers.set(topic, handler);
}

/** What a handler makes of an ask. Never rejects. */
export async function outcomeOf(handler: AnswerHandler, asked: Uint8Array): Promise<Outcome> {
  try {
    const body = await handler(asked);
    assertBody(body);
    return { kind: 'answered', body };
  } catch (error) {
    return { kind: 'refused', message: errorMessage(error).slice(0, REFUSAL_CHARS_MAX) };
  }
}
