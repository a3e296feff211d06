import assert from 'node:assert/strict';
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { callerIdFault } from '../domain/caller.ts';
import {
  callerSecrets,
  deriveCallbackSecret,
  FORMER_SECRETS_MAX,
  OVERLAP_MS,
  rotateSecret,
  type SecretsState,
} from './callback-secrets.ts';

/** Often the same twice, or the same digits cut elsewhere. */
const callerId = fc.oneof(
  fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('1', '2') }),
  fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' }).filter((id) => !callerIdFault(id)),
);
const rotation = fc.oneof(fc.nat(22), fc.nat());
const masterKey = fc.constantFrom(7, 8).map((byte) => createSecretKey(Buffer.alloc(32, byte)));
const KEY = createSecretKey(Buffer.alloc(32, 7));

function fresh(key: KeyObject = KEY): SecretsState {
  return { masterKey: key, rotations: new Map() };
}

/** The state after rotations of one caller at these times; those refused leave it as it was. */
function rotated(timesMs: readonly number[], id = 'acme'): SecretsState {
  let state = fresh();
  for (const timeMs of timesMs) {
    const outcome = rotateSecret(state, id, timeMs);
    if (outcome.kind === 'rotated') state = outcome.state;
  }
  return state;
}

test('a secret never changes by itself: receivers hold a copy of it', () => {
  // If these change, every receiver refuses every callback after an update.
  assert.equal(deriveCallbackSecret(KEY, 'acme', 0), 'whsec_9slvB9v+BjAfUvzyo+0bfEZOPVa9Ng7HqxPWfrgdjlY=');
  assert.equal(deriveCallbackSecret(KEY, 'Zoë', 3), 'whsec_asOFM38u8rrhqddtixU5iETXareAx3C+jLQmx+JIHRI=');
  const info = ['fairsieve callback secret 1', '0', 'acme'].join('\0');
  const byHand = hkdfSync('sha256', Buffer.alloc(32, 7), '', info, 32);
  assert.equal(deriveCallbackSecret(KEY, 'acme', 0), `whsec_${Buffer.from(byHand).toString('base64')}`);
});

test('equal inputs give equal secrets, and any other caller, rotation or master key another one', () => {
  const input = fc.tuple(masterKey, callerId, rotation);
  fc.assert(
    fc.property(input, input, ([keyA, callerA, rotationA], [keyB, callerB, rotationB]) => {
      const secret = deriveCallbackSecret(keyA, callerA, rotationA);
      assert.equal(deriveCallbackSecret(keyA, callerA, rotationA), secret);
      assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
      assert.equal(deriveCallbackSecret(keyA, callerB, rotationA) === secret, callerA === callerB);
      assert.equal(deriveCallbackSecret(keyA, callerA, rotationB) === secret, rotationA === rotationB);
      assert.equal(deriveCallbackSecret(keyB, callerA, rotationA) === secret, keyA.equals(keyB));
    }),
  );
});

test('after a rotation the former secret signs for the overlap and not longer, and other callers notice nothing', () => {
  const before = callerSecrets(fresh(), 'acme', 0);
  const state = rotated([1_000]);
  const { current, former } = callerSecrets(state, 'acme', 1_000);
  assert.notEqual(current, before.current);
  assert.deepEqual(former, [{ secret: before.current, signsUntilMs: 1_000 + OVERLAP_MS }]);
  assert.equal(callerSecrets(state, 'acme', 999 + OVERLAP_MS).former.length, 1);
  assert.equal(callerSecrets(state, 'acme', 1_000 + OVERLAP_MS).former.length, 0);
  assert.equal(callerSecrets(state, 'acme', 1_000 + OVERLAP_MS).current, current);
  assert.deepEqual(callerSecrets(state, 'other', 1_000), callerSecrets(fresh(), 'other', 1_000));
});

test('whatever the order and the times of rotations, each secret signs from when it is made until the overlap after it ends', () => {
  const time = fc.integer({ min: 0, max: 4 * OVERLAP_MS });
  fc.assert(
    fc.property(fc.array(time, { maxLength: 12 }), time, (timesMs, atMs) => {
      let state = fresh();
      const endedMs = new Map<string, number>();
      for (const timeMs of timesMs) {
        const { current } = callerSecrets(state, 'acme', timeMs);
        const outcome = rotateSecret(state, 'acme', timeMs);
        if (outcome.kind === 'refused') {
          assert.ok(outcome.untilMs > timeMs);
          assert.equal(rotateSecret(state, 'acme', outcome.untilMs).kind, 'rotated');
          continue;
        }
        state = outcome.state;
        endedMs.set(current, timeMs + OVERLAP_MS);
      }
      const nowMs = Math.max(atMs, ...timesMs);
      const { current, former } = callerSecrets(state, 'acme', nowMs);
      const due = [...endedMs].filter(([, untilMs]) => untilMs > nowMs).map(([secret]) => secret);
      assert.deepEqual(new Set(former.map(({ secret }) => secret)), new Set(due));
      assert.ok(former.length <= FORMER_SECRETS_MAX && !due.includes(current));
    }),
  );
});

test('a rotation too many is refused until the first of the former secrets has had its time', () => {
  const state = rotated([0, 10, 20, 30]);
  assert.deepEqual(rotateSecret(state, 'acme', 40), { kind: 'refused', untilMs: OVERLAP_MS });
  assert.equal(rotateSecret(state, 'other', 40).kind, 'rotated');
});

test('the master key shows up in no inspection and no JSON', () => {
  const shown = inspect(fresh(), { depth: 9, showHidden: true }) + JSON.stringify(fresh());
  for (const form of ['base64', 'hex', 'latin1'] as const)
    assert.ok(!shown.includes(Buffer.alloc(32, 7).toString(form)));
  assert.ok(!/\b0?7\b,? ?0?7\b/.test(shown), shown);
});
