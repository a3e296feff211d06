import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseMs } from './result-watch.ts';

test('a pause that is asked for is kept, and one that no timer can keep is cut to an hour', () => {
  const asked = (seconds: string): number => pauseMs(`HTTP/1.1 202 Accepted\r\nretry-after: ${seconds}`, 0);
  assert.equal(asked('2'), 2_000);
  assert.equal(asked('999999999'), 3_600_000);
  assert.equal(pauseMs('HTTP/1.1 202 Accepted', 0), 50);
});
