import assert from 'node:assert/strict';
import { createHmac, createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { deriveCallbackSecret } from './callback-secrets.ts';
import { signatureHeaders } from './signing.ts';

const MASTER_KEY = createSecretKey(Buffer.alloc(32, 7));
const SECRETS = [0, 1, 2].map((rotation) => deriveCallbackSecret(MASTER_KEY, 'acme', rotation));
const MESSAGE = { id: 'msg_038J5JWTG000VX797S7QTY8AXBJJ', body: '{"number":"360","caller":"Zoë 🦊"}' };

function isAccepted(secret: string, body: string, headers: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

test('a receiver that knows any of the secrets accepts the body, as it is and from its bytes', () => {
  const headers = signatureHeaders(MESSAGE, SECRETS.slice(0, 2), Date.now());
  for (const secret of SECRETS.slice(0, 2)) {
    assert.deepEqual(new Webhook(secret).verify(MESSAGE.body, headers), JSON.parse(MESSAGE.body));
    assert.deepEqual(
      new Webhook(secret).verify(Buffer.from(MESSAGE.body), headers),
      JSON.parse(MESSAGE.body),
    );
  }
  assert.equal(isAccepted(SECRETS[2] ?? '', MESSAGE.body, headers), false);
});

test('a receiver refuses another body, another id, another time and an old message', () => {
  const [secret = ''] = SECRETS;
  const headers = signatureHeaders(MESSAGE, [secret], Date.now());
  const second = Number(headers['webhook-timestamp']);
  assert.equal(isAccepted(secret, MESSAGE.body, headers), true);
  assert.equal(isAccepted(secret, `${MESSAGE.body} `, headers), false);
  assert.equal(isAccepted(secret, MESSAGE.body, { ...headers, 'webhook-id': 'msg_other' }), false);
  assert.equal(
    isAccepted(secret, MESSAGE.body, { ...headers, 'webhook-timestamp': String(second + 1) }),
    false,
  );
  const old = signatureHeaders(MESSAGE, [secret], Date.now() - 6 * 60_000);
  assert.equal(isAccepted(secret, MESSAGE.body, old), false);
});

test('the signature is the one that the standard defines', () => {
  const key = Buffer.from('the key of this test has 32 bytes').subarray(0, 32);
  const headers = signatureHeaders(MESSAGE, [`whsec_${key.toString('base64')}`], 1_795_000_000_999);
  const expected = createHmac('sha256', key)
    .update(`${MESSAGE.id}.1795000000.${MESSAGE.body}`)
    .digest('base64');
  assert.deepEqual(headers, {
    'webhook-id': MESSAGE.id,
    'webhook-timestamp': '1795000000',
    'webhook-signature': `v1,${expected}`,
  });
});

test('every signature is the one that the library of the standard makes', () => {
  const bodies = ['', '{}', MESSAGE.body, `"${'ü'.repeat(5_000)}"`, 'x'.repeat(100_000)];
  for (const [i, body] of bodies.entries()) {
    const wallMs = 1_795_000_000_000 + i * 1_234_567;
    const { 'webhook-signature': signatures } = signatureHeaders({ id: MESSAGE.id, body }, SECRETS, wallMs);
    assert.deepEqual(
      signatures.split(' '),
      SECRETS.map((secret) => new Webhook(secret).sign(MESSAGE.id, new Date(wallMs), body)),
    );
  }
});

test('an id that would let a part of the body pass for a part of the id is a mistake of the program', () => {
  for (const id of ['a.b', 'a b', ''])
    assert.throws(() => signatureHeaders({ id, body: '' }, SECRETS, 0), /webhook id/);
});
