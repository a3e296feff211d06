/** The contract of `Bus` as tests that every adapter passes; imported by tests only. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/support/until.ts';
import { BUS_BYTES_MAX, BusError, type Bus, type BusErrorCode } from './bus.ts';

/** What several buses talk over. */
export interface BusNetwork extends AsyncDisposable {
  /** A bus that may not be connected yet. At most one per shard at a time. */
  open(shard: number): Bus;
  /** From one moment to the next no bus is connected … */
  fail(): Promise<void>;
  /** … and then, in time, all are again. */
  recover(): Promise<void>;
}

/** What tells whether an ask that cannot be answered was told so in time. */
const SLACK_MS = 8_000;
const ASKING = { timeoutMs: 10_000 };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder().decode(body);

/** Declares the tests. `name` is the adapter's. */
export function describeBus(name: string, openNetwork: () => Promise<BusNetwork>): void {
  describe(`${name}: the bus`, () => {
    let network: BusNetwork;
    let buses: readonly [Bus, Bus, Bus];
    const news: string[][] = [[], [], []];
    const held: PromiseWithResolvers<Uint8Array>[] = [];

    before(async () => {
      network = await openNetwork();
      buses = [network.open(0), network.open(1), network.open(15)];
      buses.forEach((bus, i) => {
        bus.answer('who', async () => bytes(`bus ${i}`));
        bus.answer('echo', async (body) => body);
        bus.answer('late', async (body) => {
          await sleep(50 - Number(text(body)) / 4);
          return body;
        });
        bus.answer('hold', () => {
          const answer = Promise.withResolvers<Uint8Array>();
          held.push(answer);
          return answer.promise;
        });
        bus.answer('refuse', async (body) => {
          throw new Error(`no, not ${text(body)}`);
        });
        bus.answer('too-much', async () => new Uint8Array(BUS_BYTES_MAX + 1));
        bus.hear('news', (body) => {
          if (text(body) === 'bad') throw new Error('bad news');
          news[i]?.push(text(body));
        });
      });
      await connected(...buses);
    });
    after(async () => {
      held.forEach((answer) => answer.resolve(new Uint8Array()));
      for (const bus of buses) await bus[Symbol.asyncDispose]();
      await network[Symbol.asyncDispose]();
    });

    test('the replica that is asked answers, and no other', async () => {
      const [first] = buses;
      assert.equal(text(await first.ask(1, 'who', bytes(''), ASKING)), 'bus 1');
      assert.equal(text(await first.ask(15, 'who', bytes(''), ASKING)), 'bus 2');
      assert.equal(text(await buses[2].ask(0, 'who', bytes(''), ASKING)), 'bus 0');
    });

    test('each of many asks at once gets its own answer, whichever comes first', async () => {
      const asked = Array.from({ length: 200 }, (_, i) => buses[0].ask(1, 'late', bytes(String(i)), ASKING));
      const answers = (await Promise.all(asked)).map(text);
      assert.deepEqual(
        answers,
        Array.from({ length: 200 }, (_, i) => String(i)),
      );
    });

    test('every byte arrives, of nothing and of 512 KiB, and more is never sent', async () => {
      for (const size of [0, 1, 256, BUS_BYTES_MAX]) {
        const body = Uint8Array.from({ length: size }, (_, i) => (i * 7) % 256);
        const answer = await buses[0].ask(1, 'echo', body, ASKING);
        assert.ok(Buffer.from(answer).equals(body), `${size} bytes`);
      }
      const tooMuch = new Uint8Array(BUS_BYTES_MAX + 1);
      await assert.rejects(buses[0].ask(1, 'echo', tooMuch, ASKING), /524289 bytes, at most 524288/);
      assert.throws(() => buses[0].announce('news', tooMuch), /524289 bytes/);
    });

    test('whoever is not there, or does not know the topic, or is oneself, is absent at once', async () => {
      for (const [shard, topic] of [
        [7, 'who'],
        [1, 'weather'],
        [0, 'who'],
      ] as const)
        await rejects(() => buses[0].ask(shard, topic, bytes(''), ASKING), 'absent', 0);
    });

    test('no answer in time is a timeout, and so is an abort', async () => {
      await rejects(() => buses[0].ask(1, 'hold', bytes(''), { timeoutMs: 150 }), 'timeout', 150);
      const abort = new AbortController();
      const { signal } = abort;
      const aborted = (): Promise<Uint8Array> => {
        setTimeout(() => abort.abort(), 100);
        return buses[0].ask(1, 'hold', bytes(''), { ...ASKING, signal });
      };
      await rejects(aborted, 'timeout', 100);
      await rejects(() => buses[0].ask(1, 'who', bytes(''), { ...ASKING, signal }), 'timeout', 0);
      await rejects(() => buses[0].ask(1, 'who', bytes(''), { timeoutMs: 0 }), 'timeout', 0);
    });

    test('a handler that throws refuses with its message, and goes on answering', async () => {
      const asked = (): Promise<Uint8Array> => buses[0].ask(1, 'refuse', bytes('ω'), ASKING);
      assert.equal((await rejects(asked, 'refused', 0)).message, 'no, not ω');
      const answered = (): Promise<Uint8Array> => buses[0].ask(1, 'too-much', bytes(''), ASKING);
      assert.match((await rejects(answered, 'refused', 0)).message, /524289 bytes/);
      assert.equal(text(await buses[0].ask(1, 'who', bytes(''), ASKING)), 'bus 1');
    });

    test('an announcement reaches all others and not oneself, also after one that a hearer choked on', async () => {
      buses[0].announce('news', bytes('bad'));
      buses[0].announce('news', bytes('from 0'));
      buses[2].announce('news', bytes('from 15'));
      buses[2].announce('unheard', bytes('of'));
      await until('the news', () => news[1]?.length === 2 && news[0]?.length === 1 && news[2]?.length === 1);
      // What is asked takes the same way, so that one's own news would be here by now.
      await buses[0].ask(1, 'who', bytes(''), ASKING);
      assert.deepEqual(
        [news[0], news[1]?.toSorted(), news[2]],
        [['from 15'], ['from 0', 'from 15'], ['from 0']],
      );
    });

    test('a topic has one handler, and its name is words', () => {
      assert.throws(() => buses[0].answer('who', async (body) => body), /has a handler already/);
      assert.throws(() => buses[0].hear('news', () => undefined), /has a handler already/);
      assert.throws(() => buses[0].answer('a.b', async (body) => body), /A topic is lower-case words/);
    });

    test('ending answers what is under way; then one is absent, and can join again', async () => {
      const leaving = network.open(3);
      const arrived = Promise.withResolvers<void>();
      const answer = Promise.withResolvers<Uint8Array>();
      leaving.answer('late', () => {
        arrived.resolve();
        return answer.promise;
      });
      await connected(leaving);
      const asked = buses[0].ask(3, 'late', bytes(''), ASKING);
      const asking = rejects(() => leaving.ask(1, 'hold', bytes(''), ASKING), 'disconnected', 0);
      leaving.announce('news', bytes('I go'));
      // Until it has arrived there, nothing is under way.
      await arrived.promise;
      const ending = leaving[Symbol.asyncDispose]();
      answer.resolve(bytes('late'));
      await ending;
      assert.equal(leaving.connected, false);
      assert.equal(text(await asked), 'late');
      await asking;
      await until('the last word', () => news[0]?.includes('I go'));
      await rejects(() => leaving.ask(1, 'who', bytes(''), ASKING), 'disconnected', 0);
      await rejects(() => buses[0].ask(3, 'late', bytes(''), ASKING), 'absent', 0);
      await using again = network.open(3);
      again.answer('who', async () => bytes('again'));
      await connected(again);
      assert.equal(text(await buses[0].ask(3, 'who', bytes(''), ASKING)), 'again');
    });

    test('what cannot be carried is told in time; when it can again, all is as before', async () => {
      const before = held.length;
      const lost = rejects(() => buses[0].ask(1, 'hold', bytes(''), ASKING), 'disconnected', 0);
      await until('an ask under way', () => held.length > before);
      await network.fail();
      await lost;
      await until('the loss being noticed', () => buses.every((bus) => !bus.connected));
      await rejects(() => buses[0].ask(1, 'who', bytes(''), ASKING), 'disconnected', 0);
      buses[0].announce('news', bytes('lost'));
      buses[1].answer('new', async () => bytes('new'));
      await network.recover();
      await connected(...buses);
      assert.equal(text(await buses[0].ask(1, 'who', bytes(''), ASKING)), 'bus 1');
      assert.equal(text(await buses[0].ask(1, 'new', bytes(''), ASKING)), 'new');
      buses[0].announce('news', bytes('back'));
      await until('news again', () => news[1]?.includes('back') && news[2]?.includes('back'));
      assert.ok(!news.flat().includes('lost'));
    });
  });
}

async function connected(...buses: readonly Bus[]): Promise<void> {
  await until('all buses being connected', () => buses.every((bus) => bus.connected));
}

/** Fails unless it rejects with this code, and not before nor long after `afterMs`; resolves to the error. */
async function rejects(ask: () => Promise<unknown>, code: BusErrorCode, afterMs: number): Promise<BusError> {
  const beganMs = performance.now();
  const error: unknown = await ask().then(
    () => assert.fail('It was answered'),
    (thrown: unknown) => thrown,
  );
  const tookMs = performance.now() - beganMs;
  assert.ok(error instanceof BusError, String(error));
  assert.equal(error.code, code, error.message);
  if (code === 'timeout') assert.ok(tookMs >= afterMs - 5, `It took ${tookMs} ms`);
  assert.ok(tookMs < afterMs + SLACK_MS, `It took ${tookMs} ms`);
  return error;
}
