/** Batches of values that are accepted before all of their requests are written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../test/support/until.ts';
import { formatRequestId, SEQ_STRIDE } from '../domain/request-id.ts';
import { openReplica } from './replica-fixture.ts';
import { parseBatchId } from './values-batch.ts';

const WORKER = new URL('../engine/worker.ts', import.meta.url);
const NEVER = new AbortController().signal;
const LONG_MS = 60_000;

test('a large batch that nothing is done of yet is accepted, can be asked for at once, and is done', async () => {
  await using opened = await openReplica({ worker: WORKER });
  const { replica } = opened;
  const numbers = Array.from({ length: 3_000 }, (_, i) => 10n ** 12n + BigInt(i));
  const accepted = await replica.postValues({ callerId: 'acme', numbers }, 0, NEVER);
  assert(accepted.kind === 'unfinished', accepted.kind);
  const early = await replica.valuesBatch(accepted.batchId, 0, NEVER);
  assert.ok(early.kind === 'unfinished' || early.kind === 'values', early.kind);
  const longer = await replica.valuesBatch(accepted.batchId.replace(/3000$/, '3001'), 0, NEVER);
  assert.equal(longer.kind, 'not_found', 'it has no more requests than it was told to have');
  const last = parseBatchId(accepted.batchId)?.first;
  assert(last);
  const lastId = formatRequestId({ ...last, seq: last.seq + 2_999 * SEQ_STRIDE });
  assert.equal((await replica.lookUp(lastId))?.number, String(numbers.at(-1)));
  assert.equal((await replica.cancel(lastId)).kind === 'not_found', false);
  const result = await replica.valuesBatch(accepted.batchId, LONG_MS, NEVER);
  assert.ok(
    result.kind === 'values' || (result.kind === 'incomplete' && result.ended.size === 1),
    result.kind,
  );
  await until('nothing of it waiting', () => replica.stats().waiting === 0);
});
