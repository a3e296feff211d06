/** Fairness of callbacks among callers: one whose endpoints hang delays nobody else's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CALLBACK_ENV, submitAllAsync, submitAsync } from './support/callbacks.ts';
import { NumberSource } from './support/number-source.ts';
import { answer, hang, Receiver } from './support/receiver.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

/** So many hosts that no bound on attempts to one of them keeps their caller from taking every place there is. */
const HOSTS = 100;
const HANGING_PER_HOST = 10;
const UNDER_WAY = 100;
const MINE = 20;
/** An attempt at an endpoint that hangs takes 15 s; a callback that waits for none of them, milliseconds, unless the machine stands still. */
const TOLD_MS_MAX = 8_000;
/**
 * Beyond the least number of callbacks none is asked for later than so long after the first that hangs: that one still does then, for as
 * long as the machine may take to bring mine.
 */
const HANGING_MS = 10_000;
const MINE_MIN = 3;

const numbers = new NumberSource(33);

async function hangingHosts(): Promise<{ readonly hosts: readonly Receiver[] } & AsyncDisposable> {
  const hosts = await Promise.all(Array.from({ length: HOSTS }, () => Receiver.start(hang)));
  const close = async (): Promise<void> => {
    await Promise.all(hosts.map((host) => host[Symbol.asyncDispose]()));
  };
  return { hosts, [Symbol.asyncDispose]: close };
}

test('while a thousand callbacks of another caller hang, mine arrive as if they were alone', async () => {
  await using server = await Server.start({ env: CALLBACK_ENV });
  await using hanging = await hangingHosts();
  await using receiver = await Receiver.start();
  const underWay = (): number => hanging.hosts.reduce((sum, host) => sum + host.underWay, 0);
  const endMs = performance.now() + HANGING_MS;
  for (const host of hanging.hosts) {
    const many = numbers.semiprimes(HANGING_PER_HOST, 8).map(({ number }) => number);
    await submitAllAsync(server, many, host.url(), 'stuck');
  }
  await until('many attempts that hang', () => underWay() >= UNDER_WAY);
  for (let i = 0; i < MINE_MIN || (i < MINE && performance.now() < endMs); i++) {
    const requestId = await submitAsync(server, numbers.semiprime(8).number, receiver.url(), `mine-${i % 3}`);
    await until('my callback', () => receiver.calls.length > i, TOLD_MS_MAX);
    assert.equal(receiver.calls[i]!.body.request_id, requestId);
    assert.ok(underWay() >= UNDER_WAY, `${underWay()} attempts hung meanwhile`);
  }
});

test('where another caller has callbacks that hang at the very host that I use, mine arrive too', async () => {
  await using server = await Server.start({ env: CALLBACK_ENV });
  await using shared = await Receiver.start((response, call) =>
    (call.path === '/mine' ? answer(204) : hang)(response, call),
  );
  const many = numbers.semiprimes(100, 8).map(({ number }) => number);
  const endMs = performance.now() + HANGING_MS;
  await submitAllAsync(server, many, shared.url('/stuck'), 'stuck');
  await until('attempts that hang', () => shared.underWay >= 10);
  for (let i = 0; i < MINE_MIN || (i < MINE && performance.now() < endMs); i++) {
    const requestId = await submitAsync(server, numbers.semiprime(8).number, shared.url('/mine'), 'mine');
    await until('my callback', () => shared.callsFor(requestId).length > 0, TOLD_MS_MAX);
    assert.ok(shared.underWay >= 10, `${shared.underWay} attempts hung meanwhile`);
  }
});
