import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { BUS_BYTES_MAX, BusError, type Bus } from '../../bus/bus.ts';
import { MemoryNetwork } from '../../bus/memory-bus.ts';
import { seeded } from '../seeded.ts';
import { answerLarge, askLarge } from './large-messages.ts';
import { Transfers } from './transfers.ts';

const MIB = 1_048_576;
const TIMEOUT = { timeoutMs: 1_000 };

/** Bytes that tell where they stand. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) % 251);
}

function pair(latencyMs: readonly [number, number] = [0, 1]) {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, random: seeded(7), latencyMs });
  const [asker, answerer] = [network.join(0), network.join(1)];
  const parts = { bus: asker, clock, random: seeded(1) };
  return { clock, network, answerer, transfers: new Transfers(clock), parts };
}

/** What a promise comes to while the clock goes on. */
async function within<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  const over = new AbortController();
  const settled = promise.finally(() => over.abort()).catch(() => undefined);
  while (!over.signal.aborted) await clock.advance(1);
  await settled;
  return promise;
}

const reversed = (bytes: Uint8Array): Promise<Uint8Array> => Promise.resolve(bytes.toReversed());

test('questions and answers of any length arrive whole, many at a time', async () => {
  const { clock, answerer, transfers, parts } = pair();
  answerLarge(answerer, transfers, 'turn', reversed);
  const lengths = [0, 1, BUS_BYTES_MAX - 13, BUS_BYTES_MAX - 12, 3 * BUS_BYTES_MAX + 5];
  const answers = await within(
    clock,
    Promise.all(lengths.map((length) => askLarge(parts, 1, 'turn', pattern(length), TIMEOUT))),
  );
  for (const [i, length] of lengths.entries())
    assert.ok(
      Buffer.from(answers[i] ?? []).equals(Buffer.from(pattern(length).toReversed())),
      `${length} bytes`,
    );
});

test('many long answers at once all arrive', async () => {
  const { clock, answerer, transfers, parts } = pair([5, 20]);
  const long = pattern(3 * BUS_BYTES_MAX);
  answerLarge(answerer, transfers, 'turn', () => Promise.resolve(long));
  const asked = Array.from({ length: 20 }, () => askLarge(parts, 1, 'turn', new Uint8Array(1), TIMEOUT));
  const answers = await within(clock, Promise.all(asked));
  for (const answer of answers) assert.equal(answer.length, long.length);
});

test('beyond what there is room for the newest is refused as busy, and those before it arrive', async () => {
  const { clock, answerer, transfers, parts } = pair([1, 1]);
  answerLarge(answerer, transfers, 'turn', () => Promise.resolve(new Uint8Array(30 * MIB)));
  const ask = (): Promise<Uint8Array> => askLarge(parts, 1, 'turn', new Uint8Array(1), TIMEOUT);
  const [first, second, third] = await within(clock, Promise.allSettled([ask(), ask(), ask()]));
  assert.deepEqual([first.status, second.status], ['fulfilled', 'fulfilled']);
  assert.ok(third.status === 'rejected' && third.reason instanceof BusError);
  assert.match(third.reason.message, /^Busy: long messages of 67108864 bytes/);
  assert.equal((await within(clock, ask())).length, 30 * MIB, 'what was told takes no room any more');
});

test('what nobody asks for any more makes room after a while', async () => {
  const { clock, network, answerer, transfers, parts } = pair([1, 1]);
  answerLarge(answerer, transfers, 'turn', () => Promise.resolve(new Uint8Array(30 * MIB)));
  const bus: Bus = network.join(2);
  for (const transfer of [1, 2]) {
    const last = new Uint8Array(13);
    last[0] = 1;
    new DataView(last.buffer).setFloat64(1, transfer);
    await within(clock, bus.ask(1, 'turn', last, TIMEOUT));
  }
  const ask = (): Promise<Uint8Array> => askLarge(parts, 1, 'turn', new Uint8Array(1), TIMEOUT);
  await assert.rejects(within(clock, ask()), /Busy/);
  await clock.advance(15_000);
  assert.equal((await within(clock, ask())).length, 30 * MIB);
});

test('all parts together have the time of one question', async () => {
  const { clock, answerer, transfers, parts } = pair([40, 40]);
  answerLarge(answerer, transfers, 'turn', reversed);
  const asked = askLarge(parts, 1, 'turn', pattern(4 * BUS_BYTES_MAX), { timeoutMs: 200 });
  await assert.rejects(
    within(clock, asked),
    (error: unknown) => error instanceof BusError && error.code === 'timeout',
  );
});

test('what is too long is refused before anything is sent', async () => {
  const { clock, answerer, transfers, parts } = pair();
  let handled = 0;
  answerLarge(answerer, transfers, 'turn', (bytes) => {
    handled++;
    return Promise.resolve(bytes);
  });
  const asked = askLarge(parts, 1, 'turn', new Uint8Array(32 * 1_048_576 + 1), TIMEOUT);
  await assert.rejects(within(clock, asked), /33554433 bytes, at most 33554432/);
  assert.equal(handled, 0);
});

test('a message that is no frame, or names parts that are not there, is refused', async () => {
  const { clock, network, answerer, transfers } = pair();
  answerLarge(answerer, transfers, 'turn', reversed);
  const bus: Bus = network.join(2);
  for (const frame of [new Uint8Array(0), new Uint8Array(12), Uint8Array.from([9, ...new Uint8Array(12)])])
    await assert.rejects(within(clock, bus.ask(1, 'turn', frame, TIMEOUT)), /no frame/);
  const more = new Uint8Array(13);
  more[0] = 2;
  await assert.rejects(within(clock, bus.ask(1, 'turn', more, TIMEOUT)), /not kept any more/);
});
