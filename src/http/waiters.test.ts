import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { Waiters } from './waiters.ts';

function response(destroyed = false): ServerResponse {
  return Object.assign(new EventEmitter(), { destroyed }) as unknown as ServerResponse;
}

test('a client that has gone takes no place, though nobody says that its waiting is over', () => {
  const waiters = new Waiters(1);
  const first = response();
  const waiter = waiters.enter(first);
  assert.equal(waiters.enter(response()), undefined);
  first.emit('close');
  assert.deepEqual([waiter?.signal.aborted, waiters.size], [true, 0]);
  const second = waiters.enter(response());
  waiter?.leave();
  assert.equal(waiters.size, 1, 'to leave twice takes nobody else out');
  second?.leave();
  assert.equal(waiters.enter(response(true))?.signal.aborted, true);
  assert.equal(waiters.size, 0);
});

test('all are sent away when the server closes, and nobody may come in', () => {
  const waiters = new Waiters(2);
  const waiter = waiters.enter(response());
  waiters.close();
  assert.equal(waiter?.signal.aborted, true);
  assert.equal(waiters.enter(response()), undefined);
});
