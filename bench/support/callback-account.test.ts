import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountOf, faultsIn, type ReceivedCallback } from './callback-account.ts';

/** The callback of a caller with this number in its sequence, as it should be. */
function callback(sequence: number, more: Partial<ReceivedCallback> = {}): ReceivedCallback {
  const { callerId = 'acme' } = more;
  return {
    webhookId: `${callerId}-${sequence}_${sequence}`,
    requestId: `${callerId}-${sequence}`,
    callerId,
    sequence,
    finishedAtMs: 1_000,
    receivedAtMs: 1_000 + sequence,
    signed: true,
    factored: true,
    ...more,
  };
}

test('callbacks that all came once are no fault, whoever overtook whom', () => {
  const account = accountOf(
    ['acme-1', 'acme-2', 'acme-3', 'zeta-1'],
    [callback(2), callback(1), callback(1, { callerId: 'zeta' }), callback(3)],
  );
  assert.equal(faultsIn(account), 0);
  assert.equal(account.overtaken, 1);
  assert.deepEqual([account.delayMs.count, account.delayMs.quantile(1)], [4, 3]);
});

test('what was promised and never came is lost, and leaves a gap if a later one came', () => {
  const account = accountOf(['acme-1', 'acme-2', 'acme-3', 'acme-4'], [callback(1), callback(3)]);
  assert.deepEqual(account.lost, ['acme-2', 'acme-4']);
  assert.deepEqual([account.gaps, faultsIn(account)], [1, 3]);
});

test('the second arrival of a callback is counted, and its time is not', () => {
  const account = accountOf(['acme-1'], [callback(1), callback(1, { receivedAtMs: 9_000 })]);
  assert.deepEqual([account.twice, account.delayMs.count, account.delayMs.quantile(1)], [1, 1, 1]);
});

test('times count of the requests asked about only, faults of all', () => {
  const account = accountOf(
    ['acme-2'],
    [callback(1, { receivedAtMs: 9_000, signed: false }), callback(2, { factored: false })],
  );
  assert.deepEqual([account.delayMs.count, account.delayMs.quantile(1)], [1, 2]);
  assert.deepEqual([account.badlySigned, account.wrong, faultsIn(account)], [1, 1, 2]);
});
