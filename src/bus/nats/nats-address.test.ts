import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNatsUrl, type NatsAddress } from './nats-address.ts';

const READ: readonly (readonly [string, NatsAddress])[] = [
  ['nats://nats', { servers: ['nats:4222'], tls: false }],
  ['nats://127.0.0.1:1234/', { servers: ['127.0.0.1:1234'], tls: false }],
  ['nats://[::1]:1234', { servers: ['[::1]:1234'], tls: false }],
  ['tls://a.example:80', { servers: ['a.example:80'], tls: true }],
  ['nats://s3cret@a', { servers: ['a:4222'], token: 's3cret', tls: false }],
  ['nats://me:12%3A34%40x@a', { servers: ['a:4222'], user: 'me', password: '12:34@x', tls: false }],
  [
    'nats://me:pw@a:1, b:2,nats://c',
    { servers: ['a:1', 'b:2', 'c:4222'], user: 'me', password: 'pw', tls: false },
  ],
];

for (const [text, address] of READ)
  test(`${text} is read`, () => assert.deepEqual(parseNatsUrl(text), { kind: 'ok', address }));

for (const text of [
  '',
  'nats',
  'nats:4222',
  'nats://',
  'http://nats:4222',
  'nats://a:4222/x',
  'nats://a:4222?tls=true',
  'nats://a:99999',
  'nats://a,',
  'nats://a,tls://b',
  'nats://me:pw@a,you:pw@b',
  'nats://100%@a',
])
  test(`${JSON.stringify(text)} is refused with what it must be`, () => {
    const parsed = parseNatsUrl(text);
    assert.equal(parsed.kind, 'fault', JSON.stringify(parsed));
    assert.match(parsed.must, /nats:\/\/nats:4222/);
  });
