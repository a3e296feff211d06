import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOSTS_MAX, IDLE_MS, RecentHosts } from './recent-hosts.ts';

test('a host keeps its state while it is used, and starts anew after it was not for long', () => {
  const hosts = new RecentHosts<{ count: number }>();
  const make = (): { count: number } => ({ count: 0 });
  for (let i = 1; i <= 10; i++) hosts.use('a', i * (IDLE_MS - 1), make).count++;
  assert.equal(hosts.peek('a')?.count, 10);
  hosts.use('b', 10 * (IDLE_MS - 1) + IDLE_MS, make);
  assert.equal(hosts.peek('a'), undefined);
  assert.equal(hosts.size, 1);
  hosts.forgetIdle(1e12);
  assert.equal(hosts.size, 0);
});

test('with too many hosts the one used longest ago goes', () => {
  const hosts = new RecentHosts<string>();
  for (let i = 0; i < HOSTS_MAX; i++) hosts.use(`host-${i}`, 0, () => `state-${i}`);
  hosts.use('host-0', 1, () => 'anew');
  hosts.use('one more', 1, () => '');
  assert.equal(hosts.size, HOSTS_MAX);
  assert.equal(hosts.peek('host-0'), 'state-0');
  assert.equal(hosts.peek('host-1'), undefined);
});
