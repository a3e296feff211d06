import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localBus } from './local-bus.ts';

test('alone, every other replica is absent, and what is announced is heard by nobody', async () => {
  await using bus = localBus();
  const heard: Uint8Array[] = [];
  bus.answer('echo', async (body) => body);
  bus.hear('news', (body) => heard.push(body));
  bus.announce('news', new Uint8Array(1));
  await assert.rejects(bus.ask(3, 'echo', new Uint8Array(1), { timeoutMs: 1_000 }), {
    name: 'BusError',
    code: 'absent',
  });
  assert.deepEqual(heard, []);
  assert.equal(bus.connected, true);
});
