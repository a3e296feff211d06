import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AttemptOutcome, hostHealth } from './attempt-outcome.ts';

test('what an outcome says of its host: not wanting this callback is no fault of it', () => {
  const statuses: Record<number, string> = {
    200: 'well',
    302: 'well',
    404: 'well',
    410: 'well',
    429: 'overloaded',
    500: 'unwell',
    502: 'overloaded',
    503: 'unwell',
    504: 'overloaded',
  };
  for (const [status, health] of Object.entries(statuses)) {
    const outcome: AttemptOutcome = { kind: 'answered', status: Number(status), retryAfterMs: 0 };
    assert.equal(hostHealth(outcome), health, status);
  }
  assert.equal(hostHealth({ kind: 'timed-out' }), 'overloaded');
  assert.equal(hostHealth({ kind: 'unreachable' }), 'unwell');
  assert.equal(hostHealth({ kind: 'forbidden' }), 'unknown');
});
