import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { randomFraction } from '../base/random.ts';
import { describeBus } from './describe-bus.ts';
import { MemoryNetwork } from './memory-bus.ts';
import type { Bus } from './bus.ts';

const SHARDS = [0, 1, 3, 15];
const NOTHING = new Uint8Array();

describeBus('memory', async () => {
  const network = new MemoryNetwork({ clock: systemClock, random: randomFraction, latencyMs: [0, 5] });
  return {
    open: (shard) => network.join(shard),
    fail: async () => network.cutOff(...SHARDS),
    recover: async () => network.heal(),
    [Symbol.asyncDispose]: async () => undefined,
  };
});

/** Two buses 10 ms from each other; the second answers on `who`. */
function stage(): { clock: ManualClock; network: MemoryNetwork; a: Bus; b: Bus } {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, random: () => 0, latencyMs: [10, 10] });
  const [a, b] = [network.join(0), network.join(1)];
  b.answer('who', async () => Uint8Array.of(1));
  return { clock, network, a, b };
}

/** How an ask ends: its answer's bytes, or the code of its error. */
function outcome(asked: Promise<Uint8Array>): Promise<unknown> {
  return asked.then(
    (body) => [...body],
    (error: { code: string }) => error.code,
  );
}

test('a message takes as long as the clock and the random numbers say', async () => {
  const { clock, a } = stage();
  let answer: unknown;
  void outcome(a.ask(1, 'who', NOTHING, { timeoutMs: 1_000 })).then((ended) => (answer = ended));
  await clock.advance(19);
  assert.equal(answer, undefined);
  await clock.advance(1);
  assert.deepEqual(answer, [1]);
  assert.equal(clock.sleeping, 0, 'nothing is left waiting');
});

test('between the parts of a network nothing arrives, not even what was under way, until it heals', async () => {
  const { clock, network, a } = stage();
  const asked = outcome(a.ask(1, 'who', NOTHING, { timeoutMs: 500 }));
  await clock.advance(5);
  network.part([0], [1]);
  await clock.advance(500);
  assert.equal(await asked, 'timeout');
  assert.equal(a.connected, true);
  network.heal();
  const again = outcome(a.ask(1, 'who', NOTHING, { timeoutMs: 500 }));
  await clock.advance(20);
  assert.deepEqual(await again, [1]);
});

test('whoever is cut off notices, and is absent to the others', async () => {
  const { clock, network, a, b } = stage();
  const asked = outcome(b.ask(0, 'who', NOTHING, { timeoutMs: 500 }));
  network.cutOff(1);
  assert.equal(await asked, 'disconnected');
  assert.deepEqual([a.connected, b.connected], [true, false]);
  const absent = outcome(a.ask(1, 'who', NOTHING, { timeoutMs: 500 }));
  await clock.advance(10);
  assert.equal(await absent, 'absent');
});

test('an answer of one that crashes meanwhile never arrives, and its shard can join again', async () => {
  const { clock, network, a, b } = stage();
  const asked = outcome(a.ask(1, 'who', NOTHING, { timeoutMs: 500 }));
  await clock.advance(15);
  network.crash(1);
  await clock.advance(500);
  assert.equal(await asked, 'timeout');
  assert.equal(b.connected, false);
  assert.equal(network.join(1).connected, true);
});

test('what a bus is given is no memory of another one', async () => {
  const { clock, a, b } = stage();
  const sent = Uint8Array.of(7);
  const kept = Uint8Array.of(8);
  let received: Uint8Array = NOTHING;
  b.answer('keep', async (body) => {
    received = body;
    return kept;
  });
  const asked = a.ask(1, 'keep', sent, { timeoutMs: 500 });
  sent[0] = 0;
  await clock.advance(20);
  const answer = await asked;
  answer[0] = 0;
  received[0] = 9;
  assert.deepEqual([[...sent], [...kept], [...received]], [[0], [8], [9]]);
});
