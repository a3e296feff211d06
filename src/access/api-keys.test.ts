import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { type Clock, systemClock } from '../base/clock.ts';
import { randomBytes } from '../base/random.ts';
import type { StateFileError } from '../base/state-file.ts';
import { CHECK_MS } from '../base/watched-state.ts';
import { createApiKey, type KeyOwner, listApiKeys, revokeApiKey } from './api-key-file.ts';
import { ApiKeys } from './api-keys.ts';

const POSIX = process.platform !== 'win32';
const FOLDER = fs.mkdtempSync(path.join(os.tmpdir(), 'fairsieve-keys-'));
after(() => fs.rmSync(FOLDER, { recursive: true }));

const ACME: KeyOwner = { kind: 'caller', callerId: 'Acme "Zoë"' };
const OPERATOR: KeyOwner = { kind: 'operator' };

let files = 0;
function newFile(): string {
  return path.join(FOLDER, `keys-${files++}.json`);
}

function create(file: string, owner: KeyOwner) {
  return createApiKey(file, owner, Date.UTC(2026, 10, 21), randomBytes);
}

function serving(file: string) {
  let nowMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
  const faults: StateFileError[] = [];
  const keys = new ApiKeys({ file, clock, onFault: (error) => faults.push(error) });
  return { keys, faults, wait: () => (nowMs += CHECK_MS) };
}

test('a key tells whose it is; another one, or a hash, tells nothing', () => {
  const file = newFile();
  const acme = create(file, ACME);
  const operator = create(file, OPERATOR);
  const { keys } = serving(file);
  assert.deepEqual(keys.find(acme.key)?.owner, ACME);
  assert.equal(keys.find(acme.key)?.id, acme.id);
  assert.deepEqual(keys.find(operator.key)?.owner, OPERATOR);
  const last = acme.key.at(-1) === 'A' ? 'B' : 'A';
  assert.equal(keys.find(acme.key.slice(0, -1) + last), undefined);
  for (const { hash } of listApiKeys(file)) assert.equal(keys.find(hash), undefined);
  assert.equal(keys.find(''), undefined);
});

test('no key stands in the file, and only its owner can read it', () => {
  const file = newFile();
  const { key } = create(file, ACME);
  const text = fs.readFileSync(file, 'utf8');
  assert.ok(!text.includes(key.slice(4, 20)));
  if (POSIX) assert.equal(fs.statSync(file).mode & 0o777, 0o600);
});

test('a running server takes new keys and refuses revoked ones', () => {
  const file = newFile();
  const first = create(file, ACME);
  const { keys, wait, faults } = serving(file);
  assert.deepEqual(keys.find(first.key)?.owner, ACME);
  const second = create(file, OPERATOR);
  assert.equal(revokeApiKey(file, first.id), true);
  wait();
  assert.equal(keys.find(first.key), undefined);
  assert.deepEqual(keys.find(second.key)?.owner, OPERATOR);
  assert.deepEqual(faults, []);
});

test('with the last key revoked nobody gets in', () => {
  const file = newFile();
  const { key, id } = create(file, OPERATOR);
  revokeApiKey(file, id);
  const { keys } = serving(file);
  assert.equal(keys.find(key), undefined);
  assert.deepEqual(listApiKeys(file), []);
});

test('a file that breaks leaves the keys as they were and says so, without a hash', () => {
  const file = newFile();
  const { key } = create(file, ACME);
  const { keys, wait, faults } = serving(file);
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"hash": "', '"hash": "Q'));
  wait();
  assert.deepEqual(keys.find(key)?.owner, ACME);
  assert.equal(faults.length, 1);
  assert.match(faults[0]?.message ?? '', /Cannot use the API keys in .*: \/keys\/0/);
  assert.ok(!faults[0]?.message.includes('"Q'));
});

test('a key file that is not there is an error: it does not open the service to all', () => {
  assert.throws(() => serving(newFile()), { name: 'StateFileError', code: 'absent' });
});

test('a file that others could write to is refused, one that they can read is not', { skip: !POSIX }, () => {
  const file = newFile();
  create(file, ACME);
  fs.chmodSync(file, 0o644);
  assert.equal(listApiKeys(file).length, 1);
  for (const mode of [0o662, 0o620]) {
    fs.chmodSync(file, mode);
    assert.throws(() => listApiKeys(file), { code: 'exposed' });
  }
});

test('a file that makes no sense is refused by its place', () => {
  const file = newFile();
  create(file, ACME);
  create(file, OPERATOR);
  type Document = { format: number; keys: Record<string, unknown>[] };
  const good = JSON.parse(fs.readFileSync(file, 'utf8')) as Document;
  const [acme = {}, operator = {}] = good.keys;
  const bad: [unknown, RegExp][] = [
    [[], /must be object/],
    [{ ...good, format: 2 }, /\/format /],
    [{ ...good, keys: [acme, { ...operator, id: acme.id }] }, /same id/],
    [{ ...good, keys: [acme, { ...operator, hash: acme.hash }] }, /same hash/],
    [{ ...good, keys: [{ ...acme, caller: '' }] }, /\/keys\/0\/caller cannot be a caller id/],
    [{ ...good, keys: [{ ...acme, operator: true }] }, /\/keys\/0/],
    [{ ...good, keys: [{ ...operator, operator: false }] }, /\/keys\/0/],
    [{ ...good, keys: [{ ...acme, hash: 'abc' }] }, /\/keys\/0/],
    [{ ...good, keys: [{ ...acme, createdAt: '2026-13-45T00:00:00Z' }] }, /\/keys\/0\/createdAt/],
  ];
  for (const [document, message] of bad) {
    fs.writeFileSync(file, JSON.stringify(document));
    assert.throws(() => listApiKeys(file), { code: 'malformed', message });
  }
});

test('keys are listed in the order in which they were made; revoking one that is not there changes nothing', () => {
  const file = newFile();
  const ids = [ACME, OPERATOR, ACME].map((owner) => create(file, owner).id);
  assert.deepEqual(
    listApiKeys(file).map(({ id, owner, createdAtMs }) => [id, owner, createdAtMs]),
    ids.map((id, i) => [id, i === 1 ? OPERATOR : ACME, Date.UTC(2026, 10, 21)]),
  );
  assert.equal(revokeApiKey(file, 'nope'), false);
  assert.equal(listApiKeys(file).length, 3);
});
