import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as client from '../client/submission-batches.ts';
import * as service from '../domain/limits.ts';

test('the client, which knows the contract only, cuts batches exactly as large as the service takes them', () => {
  assert.equal(client.BATCH_NUMBERS_MAX, service.BATCH_NUMBERS_MAX);
  assert.equal(client.BODY_BYTES_MAX, service.BODY_BYTES_MAX);
});
