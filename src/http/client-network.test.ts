import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientNetwork } from './client-network.ts';

test('an address of IPv4 is a client of its own, also as a server of both versions sees it', () => {
  const clients = ['192.0.2.1', '192.0.2.2', '::ffff:192.0.2.1', '::ffff:192.0.2.2'].map(clientNetwork);
  assert.equal(new Set(clients).size, 4);
});

test('addresses of one network of IPv6 are one client, however they are written', () => {
  const one = ['2001:db8:0:7::1', '2001:db8:0:7:ffff::2', '2001:db8::7:1:2:3:4'];
  assert.equal(new Set(one.map(clientNetwork)).size, 1);
  assert.notEqual(clientNetwork('2001:db8:0:8::1'), clientNetwork('2001:db8:0:7::1'));
  assert.equal(clientNetwork('fe80::1%eth0'), clientNetwork('fe80::2%eth1'));
});

test('a connection that is gone has no address, and is no mistake', () => {
  assert.equal(clientNetwork(undefined), '');
});
