import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EMPTY_ALLOW_LIST, parseAllowList } from './allow-list.ts';
import {
  CALLBACK_URL_CHARS_MAX,
  judgeCallbackUrl,
  withoutQuery,
  type CallbackPolicy,
  type CallbackUrlFault,
} from './callback-url.ts';
import { DEFAULT_PORT_RANGES } from './port-ranges.ts';

const STRICT: CallbackPolicy = { allowList: EMPTY_ALLOW_LIST, ports: DEFAULT_PORT_RANGES };

function allowing(text: string): CallbackPolicy {
  const parsed = parseAllowList(text);
  assert.ok(parsed.kind === 'ok');
  return { ...STRICT, allowList: parsed.allowList };
}

const ACCEPTED: readonly (readonly [given: string, normalised: string])[] = [
  ['https://hooks.example.com/in', 'https://hooks.example.com/in'],
  ['HTTP://Hooks.Example.COM', 'http://hooks.example.com/'],
  ['http://hooks.example.com:80/', 'http://hooks.example.com/'],
  ['https://hooks.example.com:8443/a/../b?key=1&x', 'https://hooks.example.com:8443/b?key=1&x'],
  ['http://hooks.example.com:443/', 'http://hooks.example.com:443/'],
  ['http://hooks.example.com:65535/', 'http://hooks.example.com:65535/'],
  ['http://hooks.example.com./in', 'http://hooks.example.com/in'],
  ['https://bücher.example.com/ä', 'https://xn--bcher-kva.example.com/%C3%A4'],
  ['http://8.8.8.8/', 'http://8.8.8.8/'],
  ['http://134744072/', 'http://8.8.8.8/'],
  ['http://[2606:4700:4700:0::1111]:8080/', 'http://[2606:4700:4700::1111]:8080/'],
  ['http://my_service.example.com/', 'http://my_service.example.com/'],
  ['http://localhost.example.com/', 'http://localhost.example.com/'],
  ['http://internal.com/', 'http://internal.com/'],
  ['http://hooks.notlocal/', 'http://hooks.notlocal/'],
  [`http://a.com/${'x'.repeat(2_035)}`, `http://a.com/${'x'.repeat(2_035)}`],
];

const REFUSED: readonly (readonly [fault: CallbackUrlFault, reason: RegExp, ...urls: string[]])[] = [
  ['too_long', /has 2049 characters, at most 2048/, `http://a.com/${'x'.repeat(2_036)}`],
  ['too_long', /characters when normalised, at most 2048/, `http://a.com/${'ä'.repeat(1_000)}`],
  [
    'malformed',
    /blanks or control/,
    ' http://a.com/',
    'http://a.com/\n',
    'http://a\t.com/',
    'http://a.com/\u0000',
    'http://a.com/a b',
    'http://a.com/\u007f',
  ],
  [
    'malformed',
    /no absolute URL/,
    '',
    'hooks.example.com',
    '/in',
    '//hooks.example.com/in',
    'http://',
    'http:///',
    'http://?x',
    'http://a.com:99999/',
    'http://a.com:x/',
    'http://[::1',
    'http://[fe80::1%25eth0]/',
    'http://[fe80::1%eth0]/',
    'http://1.2.3.256/',
    'http://1.2.3.4.5/',
    'http://a%00.com/',
    'http://exa<mple.com/',
    'http://a.com\u0000.evil.com/'.replace('\u0000', '%2F'),
  ],
  [
    'scheme',
    /only http: and https:/,
    'ftp://a.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'gopher://a.com/',
    'ws://a.com/',
    'data:text/plain,x',
    'unix:/run/docker.sock',
    'blob:http://a.com/x',
  ],
  [
    'credentials',
    /user name or password/,
    'http://user:secret@a.com/',
    'http://user@a.com/',
    'http://:secret@a.com/',
    'http://a.com:80@127.0.0.1/',
    'http://8.8.8.8%40@a.com/',
  ],
  ['fragment', /has a fragment/, 'http://a.com/#x', 'http://a.com/#', 'http://a.com/?q#x'],
  [
    'port',
    /its port is \d+, only 80, 443, 1024-65535 are allowed/,
    'http://a.com:0/',
    'http://a.com:22/',
    'http://a.com:25/',
    'https://a.com:81/',
    'http://a.com:1023/',
  ],
  [
    'address',
    /its host 127\.\d+\.\d+\.\d+ is a loopback address, only public/,
    'http://127.0.0.1/',
    'http://127.0.0.1./',
    'http://127.0.0.1../',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0X7F.1/',
    'http://017700000001/',
    'http://0177.0.0.1/',
    'http://0177.0x0.0.01/',
    'http://127.1/',
    'http://127.0.1/',
    'http://%31%32%37.0.0.1/',
    'http://１２７.０.０.１/',
    'http://①②⑦.⓪.⓪.①/',
    'http://127。0。0。1/',
    'http://127.0.0.1:8080/x?y',
    'http:127.0.0.1/',
    'http:\\\\127.0.0.1\\x',
    'http://127.0.0.1\\@a.com/',
  ],
  [
    'address',
    /address, only public ones are allowed/,
    'http://0/',
    'http://0.0.0.0/',
    'http://169.254.169.254/latest/meta-data/',
    'http://0xa9fea9fe/',
    'http://2852039166/',
    'http://100.100.100.200/',
    'http://168.63.129.16/',
    'http://10.0.0.1/',
    'http://012.1.2.3/',
    'http://192.168.1/',
    'http://255.255.255.255/',
    'http://[::]/',
    'http://[::1]/',
    'http://[0:0:0:0:0:0:0:1]:8080/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:8.8.8.8]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b:1::a00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[2001::1]/',
    'http://[fe80::1]/',
    'http://[fd00:ec2::254]/',
  ],
  [
    'host_name',
    /a name without a dot/,
    'http://localhost/',
    'http://LOCALHOST:8080/',
    'http://localhost./',
    'http://lOcAlHoSt%2e/',
    'http://ⓛocalhost/',
    'http://redis/',
    'http://com/',
  ],
  [
    'host_name',
    /is no public name: it ends in \./,
    'http://a.localhost/',
    'http://a.localhost./',
    'http://a.b.LocalHost/',
    'http://printer.local/',
    'http://metadata.google.internal/',
    'http://router.home.arpa/',
    'http://abc.onion/',
    'http://a.invalid/',
    'http://a.test/',
  ],
  [
    'host_name',
    /is no name: /,
    'http://./',
    'http://../',
    'http://a..com/',
    'http://.a.com/',
    'http://a.com../',
    'http://*.a.com/',
    'http://-a.com/',
    'http://a-.com/',
    "http://a'b.com/",
    'http://a,b.com/',
    `http://${'x'.repeat(64)}.com/`,
    `http://${'x.'.repeat(126)}com/`,
  ],
];

describe('A callback URL', () => {
  for (const [given, normalised] of ACCEPTED)
    it(`such as ${given.slice(0, 60)} is accepted as ${normalised.slice(0, 60)}, which stays as it is`, () => {
      for (const url of [given, normalised]) {
        const verdict = judgeCallbackUrl(url, STRICT);
        assert.ok(verdict.kind === 'ok', JSON.stringify(verdict));
        assert.equal(verdict.url, normalised);
      }
    });

  for (const [fault, reason, ...urls] of REFUSED)
    for (const url of urls)
      it(`such as ${JSON.stringify(url.slice(0, 60))} is refused: ${fault}`, () => {
        const verdict = judgeCallbackUrl(url, STRICT);
        assert.ok(verdict.kind === 'refused', JSON.stringify(verdict));
        assert.equal(verdict.fault, fault, verdict.reason);
        assert.match(verdict.reason, reason);
      });

  it('tells host and port apart', () => {
    const verdict = judgeCallbackUrl('https://[2606:4700::1]/', STRICT);
    assert.ok(verdict.kind === 'ok');
    assert.equal(verdict.hostname, '2606:4700::1');
    assert.equal(verdict.port, 443);
  });

  it('that is refused has its secrets told to nobody', () => {
    for (const url of [
      'http://user:hunter2@a.com/',
      'http://a.com:22/hunter2?hunter2',
      'ftp://hunter2@a.com/hunter2',
    ]) {
      const verdict = judgeCallbackUrl(url, STRICT);
      assert.ok(verdict.kind === 'refused');
      assert.ok(!verdict.reason.includes('hunter2'), verdict.reason);
    }
  });
});

describe('The allow list', () => {
  const policy = allowing('127.0.0.0/8,localhost,receiver.internal');

  it('opens its addresses and exactly its names, in any notation that means the same', () => {
    for (const url of [
      'http://127.0.0.1:8080/',
      'http://2130706433:8080/',
      'http://localhost:9000/in',
      'http://LOCALHOST./',
      'https://receiver.internal/',
    ])
      assert.equal(judgeCallbackUrl(url, policy).kind, 'ok', url);
    for (const url of [
      'http://a.localhost/',
      'http://a.receiver.internal/',
      'http://xreceiver.internal/',
      'http://[::1]/',
      'http://[::ffff:127.0.0.1]/',
      'http://10.0.0.1/',
      'http://redis/',
    ])
      assert.equal(judgeCallbackUrl(url, policy).kind, 'refused', url);
  });

  it('opens no ports', () => {
    assert.equal(judgeCallbackUrl('http://127.0.0.1:22/', policy).kind, 'refused');
    assert.equal(judgeCallbackUrl('http://localhost:22/', policy).kind, 'refused');
    assert.equal(judgeCallbackUrl('http://localhost:22/', { ...policy, ports: [[22, 22]] }).kind, 'ok');
  });
});

it('Lists and logs show a URL without its query, credentials and fragment', () => {
  assert.equal(
    withoutQuery('https://hooks.example.com:8443/in?token=secret'),
    'https://hooks.example.com:8443/in',
  );
  assert.equal(withoutQuery('https://user:secret@a.com/in?x#y'), 'https://a.com/in');
  assert.equal(withoutQuery('secret'), '(no URL)');
});

it(`The bound of ${CALLBACK_URL_CHARS_MAX} characters holds before anything is parsed`, () => {
  const verdict = judgeCallbackUrl('x'.repeat(10_000_000), STRICT);
  assert.ok(verdict.kind === 'refused');
  assert.equal(verdict.fault, 'too_long');
});
