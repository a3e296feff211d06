import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../test/support/until.ts';
import { startHangingHosts } from './hanging-hosts.ts';

test('hosts that hang take connections, and answer none until they are gone', async () => {
  const hosts = await startHangingHosts(2);
  const [first = '', second = ''] = hosts.urls;
  assert.notEqual(first, second);
  let outcome = 'nothing';
  const asked = fetch(first, { method: 'POST', body: 'x' }).then(
    () => (outcome = 'an answer'),
    () => (outcome = 'cut off'),
  );
  await until('it has the connection', () => hosts.hung === 1);
  assert.equal(outcome, 'nothing');
  await hosts[Symbol.asyncDispose]();
  assert.equal(await asked, 'cut off');
});
