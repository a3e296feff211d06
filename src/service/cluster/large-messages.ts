/**
 * Questions and answers of any length over a bus whose messages are bounded: what is longer travels in parts, one after the other.
 *
 * Each message is a frame: its kind, the transfer that it belongs to, and a number. A question comes as `part`s and a `last` one, which
 * is answered by the first part of the answer with the number of parts that follow; these are asked for by `more`.
 *
 * Invariant: a message has at most `TRANSFER_BYTES_MAX`. What all of them that are under way take here is bounded (see `Transfers`): where
 * there is no room, whoever asks is refused.
 */
import type { Clock } from '../../base/clock.ts';
import { BUS_BYTES_MAX, BusError, type AskOptions, type Bus } from '../../bus/bus.ts';
import type { Transfers } from './transfers.ts';

const KINDS = ['part', 'last', 'more'] as const;
type Kind = (typeof KINDS)[number];

interface Frame {
  readonly kind: Kind;
  /** Drawn by the asker. */
  readonly transfer: number;
  /** Of a question, which part it is; of an answer, how many parts follow. */
  readonly index: number;
  readonly body: Uint8Array;
}

export interface LargeParts {
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** In [0, 1). */
  readonly random: () => number;
}

const HEADER_BYTES = 13;
const PART_BYTES = BUS_BYTES_MAX - HEADER_BYTES;
/** A batch of 10,000 numbers of 1,000 digits with the answer to it, and some room. */
const TRANSFER_BYTES_MAX = 32 * 1_048_576;
const PARTS_MAX = Math.ceil(TRANSFER_BYTES_MAX / PART_BYTES);

/** Like `Bus.ask`; `timeoutMs` is for the whole of it. Rejects with `refused` where the question or its answer is too long. */
export async function askLarge(
  { bus, clock, random }: LargeParts,
  shard: number,
  topic: string,
  question: Uint8Array,
  { timeoutMs, signal }: AskOptions,
): Promise<Uint8Array> {
  const untilMs = clock.monotonicMs() + timeoutMs;
  const transfer = Math.floor(random() * Number.MAX_SAFE_INTEGER);
  const ask = async (kind: Kind, index: number, body: Uint8Array): Promise<Frame> => {
    const options = { timeoutMs: untilMs - clock.monotonicMs(), ...(signal && { signal }) };
    return fromBytes(await bus.ask(shard, topic, toBytes({ kind, transfer, index, body }), options));
  };
  const parts = partsOf(question);
  for (const [index, part] of parts.slice(0, -1).entries()) await ask('part', index, part);
  const first = await ask('last', parts.length - 1, parts.at(-1) ?? EMPTY);
  const pieces = [first.body];
  for (let index = 1; index <= first.index; index++) pieces.push((await ask('more', index, EMPTY)).body);
  return joined(pieces);
}

/** Like `Bus.answer`. `transfers`: those of all topics. */
export function answerLarge(
  bus: Bus,
  transfers: Transfers,
  topic: string,
  handler: (question: Uint8Array) => Promise<Uint8Array>,
): void {
  const reply = (of: Frame, index: number, body: Uint8Array): Uint8Array => toBytes({ ...of, index, body });
  bus.answer(topic, async (bytes) => {
    const frame = fromBytes(bytes);
    const { kind, transfer, index, body } = frame;
    const question = `question ${topic} ${transfer}`;
    const answer = `answer ${topic} ${transfer}`;
    if (kind === 'more') return reply(frame, 0, transfers.part(answer, index));
    if (index >= PARTS_MAX)
      throw new RangeError(`A message has at most ${TRANSFER_BYTES_MAX} bytes; this one is longer`);
    if (index > 0 || kind === 'part') transfers.add(question, index, body);
    if (kind === 'part') return reply(frame, 0, EMPTY);
    const parts = partsOf(await handler(index === 0 ? body : joined(transfers.take(question, index + 1))));
    if (parts.length > 1) for (const [i, part] of parts.entries()) transfers.add(answer, i, part);
    return reply(frame, parts.length - 1, parts[0] ?? EMPTY);
  });
}

const EMPTY = new Uint8Array(0);

/** At least one. */
function partsOf(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length > TRANSFER_BYTES_MAX)
    throw new BusError(
      'refused',
      `A message has ${bytes.length} bytes, at most ${TRANSFER_BYTES_MAX} can be sent`,
    );
  const count = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * PART_BYTES, (i + 1) * PART_BYTES));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function toBytes({ kind, transfer, index, body }: Frame): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, KINDS.indexOf(kind));
  view.setFloat64(1, transfer);
  view.setUint32(9, index);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

function fromBytes(bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = bytes.length < HEADER_BYTES ? undefined : KINDS[view.getUint8(0)];
  if (kind === undefined) throw new BusError('refused', 'A message is not understood: it is no frame');
  return {
    kind,
    transfer: view.getFloat64(1),
    index: view.getUint32(9),
    body: bytes.subarray(HEADER_BYTES),
  };
}
