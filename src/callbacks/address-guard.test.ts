import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeAddress } from './address-guard.ts';
import { EMPTY_ALLOW_LIST, parseAllowList, type AllowList } from './allow-list.ts';

const OPEN = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '168.63.129.15',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2001:4860:4860::8888',
  '2606:4700:4700::1111',
  '2a00:1450:4001:81b::200e',
  '3ffe:ffff::1',
];

const CLOSED: readonly (readonly [range: RegExp, ...addresses: string[]])[] = [
  [/an unspecified/, '0.0.0.0', '0.1.2.3', '0.255.255.255', '::'],
  [/a loopback/, '127.0.0.1', '127.255.255.255', '127.8.8.8', '::1', '0:0:0:0:0:0:0:1'],
  [
    /a private/,
    '10.0.0.0',
    '10.255.255.255',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.0.0',
    '192.168.255.255',
  ],
  [/a private/, 'fc00::', 'fd00:ec2::254', 'fd20:ce::254', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  [/a carrier-grade NAT/, '100.64.0.0', '100.100.100.200', '100.127.255.255'],
  [/a link-local/, '169.254.0.0', '169.254.169.254', '169.254.255.255', 'fe80::1', 'febf::1'],
  [/a site-local/, 'fec0::1', 'feff::1'],
  [/a multicast/, '224.0.0.1', '239.255.255.255', 'ff02::1', 'ffff::1'],
  [/a broadcast/, '255.255.255.255'],
  [
    /a reserved/,
    '192.0.0.1',
    '192.0.0.192',
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.1',
    '192.88.99.1',
    '240.0.0.1',
    '255.255.255.254',
  ],
  [/a reserved/, '198.18.0.0', '198.19.255.255', '192.31.196.1', '192.52.193.1', '192.175.48.1'],
  [
    /a reserved/,
    '2001:db8::1',
    '3fff::1',
    '100::1',
    '2001:20::1',
    '2001:10::1',
    '5f00::1',
    '2620:4f:8000::1',
    '2001:1::1',
  ],
  [/a benchmarking/, '2001:2::1'],
  [/a reserved/, '1::', '100:0:0:1::1', '64:ff9c::1', '4000::1', '8000::1', 'e000::1', 'fe00::1'],
  [/an IPv4-mapped/, '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:7f00:1', '::ffff:a9fe:a9fe'],
  [/an IPv4-compatible/, '::127.0.0.1', '::8.8.8.8', '::7f00:1', '::2'],
  [/an IPv4-translated/, '::ffff:0:127.0.0.1', '::ffff:0:808:808'],
  [
    /a NAT64/,
    '64:ff9b::127.0.0.1',
    '64:ff9b::8.8.8.8',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '64:ff9b:1:ffff::a00:1',
  ],
  [/a 6to4/, '2002:7f00:1::1', '2002:808:808::1', '2002:a00:1::'],
  [/a Teredo/, '2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  [/a cloud platform's/, '168.63.129.16'],
  [
    /an unreadable/,
    '',
    'localhost',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '08.8.8.8',
    '2130706433',
    '127.1',
    '8.8.8',
    '8.8.8.8.',
    ' 8.8.8.8',
  ],
  [
    /an unreadable/,
    '8.8.8.256',
    '8.8.8.8/32',
    '[::1]',
    'fe80::1%eth0',
    '2606:4700::1%1',
    '2606:4700::1%25eth0',
    '1::2::3',
    '８.8.8.8',
  ],
];

function allowing(text: string): AllowList {
  const parsed = parseAllowList(text);
  assert.ok(parsed.kind === 'ok', JSON.stringify(parsed));
  return parsed.allowList;
}

describe('Callbacks may go', () => {
  for (const address of OPEN)
    it(`to ${address}, which is public`, () => {
      assert.deepEqual(judgeAddress(address, EMPTY_ALLOW_LIST), { kind: 'open' });
    });
});

describe('Callbacks may not go', () => {
  for (const [range, ...addresses] of CLOSED)
    for (const address of addresses)
      it(`to ${JSON.stringify(address)}, which is ${range.source} address`, () => {
        const verdict = judgeAddress(address, EMPTY_ALLOW_LIST);
        assert.ok(verdict.kind === 'closed');
        assert.match(verdict.range, range);
      });
});

describe('Addresses as bytes', () => {
  it('are judged like their text', () => {
    const kindOf = (...bytes: number[]) => judgeAddress(Uint8Array.from(bytes), EMPTY_ALLOW_LIST).kind;
    assert.equal(kindOf(8, 8, 8, 8), 'open');
    assert.equal(kindOf(127, 0, 0, 1), 'closed');
    assert.equal(kindOf(0x26, 0x06, 0x47, 0, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11), 'open');
    assert.equal(kindOf(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 8, 8, 8, 8), 'closed');
  });

  it('are closed when they are too few or too many', () => {
    for (const length of [0, 1, 3, 5, 15, 17])
      assert.equal(
        judgeAddress(new Uint8Array(length).fill(8), EMPTY_ALLOW_LIST).kind,
        'closed',
        `${length}`,
      );
  });
});

describe('The allow list', () => {
  it('opens exactly its networks and addresses', () => {
    const list = allowing('127.0.0.0/8, 10.1.2.3,fd00:1::/32,::1,64:ff9b::/96');
    for (const address of [
      '127.0.0.1',
      '127.255.255.255',
      '10.1.2.3',
      'fd00:1:ffff::1',
      '::1',
      '64:ff9b::8.8.8.8',
    ])
      assert.equal(judgeAddress(address, list).kind, 'open', address);
    for (const address of ['126.0.0.1'])
      assert.equal(judgeAddress(address, list).kind, 'open', 'public stays open');
    for (const address of ['10.1.2.2', '10.1.2.4', 'fd00:2::1', '::2', '0.0.0.0', '169.254.169.254'])
      assert.equal(judgeAddress(address, list).kind, 'closed', address);
  });

  it('opens no other notation of an address that it opens, and no zone', () => {
    const list = allowing('127.0.0.0/8,fe80::/10');
    for (const address of [
      '::ffff:127.0.0.1',
      '64:ff9b::127.0.0.1',
      '2002:7f00:1::',
      '0x7f.1',
      '127.1',
      'fe80::1%eth0',
    ])
      assert.equal(judgeAddress(address, list).kind, 'closed', address);
    assert.equal(judgeAddress('::ffff:127.0.0.1', allowing('::ffff:127.0.0.1')).kind, 'open');
  });

  it('opens no addresses by its host names', () => {
    assert.equal(judgeAddress('127.0.0.1', allowing('localhost')).kind, 'closed');
  });

  it('may open everything', () => {
    const list = allowing('0.0.0.0/0,::/0');
    for (const address of ['0.0.0.0', '169.254.169.254', '::', 'ff02::1'])
      assert.equal(judgeAddress(address, list).kind, 'open', address);
  });
});
