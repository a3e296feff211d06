import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAllowList } from './allow-list.ts';

function hostsOf(text: string): string[] {
  const parsed = parseAllowList(text);
  assert.ok(parsed.kind === 'ok', JSON.stringify(parsed));
  return [...parsed.allowList.hosts];
}

test('an empty list opens nothing', () => {
  for (const text of ['', '  ']) {
    const parsed = parseAllowList(text);
    assert.ok(parsed.kind === 'ok');
    assert.equal(parsed.allowList.networks.length + parsed.allowList.hosts.size, 0);
  }
});

test('host names are read without regard to case, in ASCII form, without the dot of the root', () => {
  assert.deepEqual(hostsOf('Receiver.Internal, hooks ,bücher.example.,my_service'), [
    'receiver.internal',
    'hooks',
    'xn--bcher-kva.example',
    'my_service',
  ]);
});

test('networks, addresses and host names stand side by side', () => {
  const parsed = parseAllowList('127.0.0.0/8,::1,receiver.internal,2001:db8::/32');
  assert.ok(parsed.kind === 'ok');
  assert.deepEqual(
    parsed.allowList.networks.map(([address, bits]) => `${address.toString()}/${bits}`),
    ['127.0.0.0/8', '::1/128', '2001:db8::/32'],
  );
});

const FAULTY: readonly (readonly [entry: string, fault: RegExp])[] = [
  ['10.0.0.0/33', /^"10\.0\.0\.0\/33" has the prefix length 33: it must be from 0 to 32$/],
  ['fd00::/129', /from 0 to 128$/],
  ['10.0.0.0/', /has the prefix length missing/],
  ['10.0.0.0/-1', /has the prefix length -1/],
  ['10.0.0.0/8/8', /has the prefix length 8\/8/],
  ['10.0.0.0/255.0.0.0', /has the prefix length 255\.0\.0\.0/],
  ['10.0.0.1/8', /did you mean 10\.0\.0\.0\/8\?$/],
  ['172.20.0.0/12', /did you mean 172\.16\.0\.0\/12\?$/],
  ['fd00:0:0:1::/48', /did you mean fd00::\/48\?$/],
  ['10/8', /is no network/],
  ['hooks/8', /is no network/],
  ['010.0.0.1', /is no canonical address: did you mean 8\.0\.0\.1\?$/],
  ['2130706433', /did you mean 127\.0\.0\.1\?$/],
  ['0x7f.1', /did you mean 127\.0\.0\.1\?$/],
  ['[::1]', /is in brackets/],
  ['fe80::1%eth0', /has a zone/],
  ['hooks:8080', /has a port/],
  ['http://hooks', /is a URL/],
  ['*.internal', /is no host name: its label "\*"/],
  ['user@hooks', /is no host name|is neither/],
  ['a..b', /has an empty label/],
  ['', /is empty/],
  ['two words', /is neither/],
];
for (const [entry, fault] of FAULTY) {
  test(`${JSON.stringify(entry)} is refused with what is wrong with it`, () => {
    const parsed = parseAllowList(`127.0.0.1,${entry}`);
    assert.ok(parsed.kind === 'faulty', JSON.stringify(parsed));
    assert.equal(parsed.faults.length, 1);
    assert.match(parsed.faults[0] ?? '', fault);
    assert.ok(parsed.faults[0]?.startsWith(JSON.stringify(entry)));
  });
}

test('all faulty entries are told at once', () => {
  const parsed = parseAllowList('10.0.0.0/33,::1,hooks:80');
  assert.ok(parsed.kind === 'faulty');
  assert.equal(parsed.faults.length, 2);
});
