import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { Bearer } from './access.ts';
import { Waiters } from './waiters.ts';

function reply(destroyed = false): { readonly raw: ServerResponse } {
  return { raw: Object.assign(new EventEmitter(), { destroyed }) as unknown as ServerResponse };
}

const someone = { ip: '192.0.2.1', bearer: undefined };

function callerAt(ip: string, callerId: string): { ip: string; bearer: Bearer } {
  return { ip, bearer: { owner: { kind: 'caller', callerId }, isValid: () => true } };
}

test('a client that has gone takes no place, though nobody says that its waiting is over', () => {
  const waiters = new Waiters(1);
  const first = reply();
  const waiter = waiters.enter(someone, first);
  assert.equal(waiters.enter(someone, reply()), undefined);
  first.raw.emit('close');
  assert.deepEqual([waiter?.signal.aborted, waiters.size], [true, 0]);
  const second = waiters.enter(someone, reply());
  waiter?.leave();
  assert.equal(waiters.size, 1, 'to leave twice takes nobody else out');
  assert.equal(waiters.enter(someone, reply()), undefined, 'and makes no room');
  second?.leave();
  assert.equal(waiters.enter(someone, reply(true))?.signal.aborted, true);
  assert.equal(waiters.size, 0);
});

test('one address takes half of the places, and others get in', () => {
  const waiters = new Waiters(100);
  for (let i = 0; i < 100; i++) waiters.enter(someone, reply());
  assert.equal(waiters.size, 50);
  assert.ok(waiters.enter({ ip: '192.0.2.2', bearer: undefined }, reply()));
});

test('with keys it is the caller that counts, from wherever it comes', () => {
  const waiters = new Waiters(100);
  for (let i = 0; i < 100; i++) waiters.enter(callerAt(`192.0.2.${i}`, 'acme'), reply());
  assert.equal(waiters.size, 50);
  assert.ok(waiters.enter(callerAt('192.0.2.1', 'globex'), reply()));
});

test('all are sent away when the server closes, and nobody may come in', () => {
  const waiters = new Waiters(2);
  const waiter = waiters.enter(someone, reply());
  waiters.close();
  assert.equal(waiter?.signal.aborted, true);
  assert.equal(waiters.enter(someone, reply()), undefined);
});
