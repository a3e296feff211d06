import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock } from '../base/clock.ts';
import { randomBytes } from '../base/random.ts';
import { CHECK_MS } from '../base/watched-state.ts';
import {
  CallbackSecrets,
  makeSecretFile,
  readCallerSecrets,
  rotateCallerSecret,
} from './callback-secret-file.ts';
import { FORMER_SECRETS_MAX, OVERLAP_MS } from './callback-secrets.ts';

const POSIX = process.platform !== 'win32';
const ROTATING_PROCESS = fileURLToPath(new URL('./rotating-process.ts', import.meta.url));
const FOLDER = fs.mkdtempSync(path.join(os.tmpdir(), 'fairsieve-secrets-'));
const children: ChildProcess[] = [];
after(async () => {
  for (const child of children.filter(
    ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
  )) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  fs.rmSync(FOLDER, { recursive: true });
});

let files = 0;
function newFile(): string {
  const file = path.join(FOLDER, `secrets-${files++}.json`);
  makeSecretFile(file, randomBytes);
  return file;
}

interface Contents {
  readonly masterKey: string;
  readonly rotations: { readonly caller: string; readonly count: number }[];
}

function contents(file: string): Contents {
  return JSON.parse(fs.readFileSync(file, 'utf8')) as Contents;
}

function countOf(file: string, callerId: string): number {
  return contents(file).rotations.find(({ caller }) => caller === callerId)?.count ?? 0;
}

function rotating(file: string, firstDay: number, times: number, ...callers: readonly string[]) {
  const args = [file, String(firstDay), String(times), ...callers];
  const child = spawn(process.execPath, [ROTATING_PROCESS, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return { child, output: text(child.stdout), closed: once(child, 'close') };
}

test('the file is made once, for its owner only, with a key of its own', () => {
  const file = newFile();
  if (POSIX) assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  const before = fs.readFileSync(file, 'utf8');
  makeSecretFile(file, randomBytes);
  assert.equal(fs.readFileSync(file, 'utf8'), before);
  assert.notEqual(contents(newFile()).masterKey, contents(file).masterKey);
});

test('a file that others can read is refused, one that its group can read is not', { skip: !POSIX }, () => {
  const file = newFile();
  fs.chmodSync(file, 0o640);
  assert.match(readCallerSecrets(file, 'acme', 0).current, /^whsec_/);
  for (const mode of [0o644, 0o604, 0o660]) {
    fs.chmodSync(file, mode);
    const refused = { code: 'exposed', message: /chmod 06[04]0/ };
    assert.throws(() => readCallerSecrets(file, 'acme', 0), refused);
    assert.throws(() => rotateCallerSecret(file, 'acme', 0), refused);
    assert.throws(() => makeSecretFile(file, randomBytes), refused);
  }
});

test('a file that makes no sense is refused by its place, and its key is in no message', () => {
  const file = newFile();
  const good = contents(file);
  const rotation = { caller: 'acme', count: 1, former: [] };
  const bad: [object, RegExp][] = [
    [{ ...good, masterKey: good.masterKey.slice(4) }, /\/masterKey must be base64 of 32 bytes/],
    [{ ...good, masterKey: `${good.masterKey.slice(0, -1)}*` }, /\/masterKey must be base64 of 32 bytes/],
    [{ ...good, format: 2 }, /\/format /],
    [{ ...good, rotations: [rotation, rotation] }, /\/rotations must name each caller once/],
    [{ ...good, rotations: [{ ...rotation, caller: '' }] }, /by a valid id/],
    [{ ...good, rotations: [{ ...rotation, count: 0.5 }] }, /\/rotations\/0\/count must be integer/],
  ];
  for (const [document, message] of bad) {
    fs.writeFileSync(file, JSON.stringify(document));
    assert.throws(
      () => readCallerSecrets(file, 'acme', 0),
      (error: Error) => {
        assert.match(error.message, message);
        assert.ok(!error.message.includes(good.masterKey.slice(4, 12)), error.message);
        return true;
      },
    );
  }
});

test('there must be a file to rotate in: another key than the server has would help nobody', () => {
  const file = path.join(FOLDER, 'absent.json');
  assert.throws(() => rotateCallerSecret(file, 'acme', 0), { code: 'absent' });
  assert.deepEqual(
    fs.readdirSync(FOLDER).filter((name) => name.startsWith('absent')),
    [],
  );
});

test('callers with unusual names have their rotations kept', () => {
  const file = newFile();
  for (const callerId of ['__proto__', 'Zoë "quoted" \\ 🦊', '7']) {
    const before = readCallerSecrets(file, callerId, 0);
    const outcome = rotateCallerSecret(file, callerId, 0);
    assert.equal(outcome.kind, 'rotated');
    const now = readCallerSecrets(file, callerId, 0);
    assert.deepEqual(outcome.kind === 'rotated' && outcome.secrets, now);
    assert.deepEqual(now.former, [{ secret: before.current, signsUntilMs: OVERLAP_MS }]);
  }
});

test('a rotation too many says when it is possible again and changes nothing', () => {
  const file = newFile();
  for (let i = 0; i < FORMER_SECRETS_MAX; i++) rotateCallerSecret(file, 'acme', i);
  const before = readCallerSecrets(file, 'acme', 50);
  assert.deepEqual(rotateCallerSecret(file, 'acme', 50), { kind: 'refused', untilMs: OVERLAP_MS });
  assert.deepEqual(readCallerSecrets(file, 'acme', 50), before);
});

test('a server signs with what another process has rotated, without a restart', () => {
  const file = newFile();
  let monotonicMs = 0;
  const clock: Clock = { ...systemClock, wallMs: () => 1_000, monotonicMs: () => monotonicMs };
  const secrets = new CallbackSecrets({ file, clock, onFault: assert.fail });
  const [first] = secrets.signingFor('acme');
  rotateCallerSecret(file, 'acme', 1_000);
  monotonicMs += CHECK_MS;
  const now = secrets.signingFor('acme');
  assert.deepEqual(now, [readCallerSecrets(file, 'acme', 1_000).current, first]);
});

test('a server signs with a former secret to the end of its time and no longer, however often it was asked before', () => {
  const file = newFile();
  let wallMs = 0;
  rotateCallerSecret(file, 'acme', wallMs);
  const clock: Clock = { ...systemClock, wallMs: () => wallMs, monotonicMs: () => 0 };
  const secrets = new CallbackSecrets({ file, clock, onFault: assert.fail });
  const [current = '', former = ''] = secrets.signingFor('acme');
  const other = secrets.signingFor('globex');
  for (const [atMs, expected] of [
    [OVERLAP_MS - 1, [current, former]],
    [OVERLAP_MS, [current]],
    [OVERLAP_MS + 1, [current]],
  ] as const) {
    wallMs = atMs;
    assert.deepEqual(secrets.signingFor('acme'), expected);
    assert.deepEqual(secrets.signingFor('globex'), other);
  }
});

test('of rotations by several processes at once none is lost', async () => {
  const file = newFile();
  const writers = [1, 2, 3].map((i) => rotating(file, 0, 20, 'shared', `own-${i}`));
  const outputs = await Promise.all(writers.map(({ output }) => output));
  // Their days are not in step, so some may be refused; what was told to be rotated must be so.
  const told = outputs.join('').match(/^rotated shared$/gm)?.length ?? 0;
  assert.ok(told >= 20, outputs.join(''));
  assert.equal(countOf(file, 'shared'), told);
  for (const i of [1, 2, 3]) assert.equal(countOf(file, `own-${i}`), 20);
});

test('processes that are killed while they rotate leave a whole file with all that they told, and no lock', async () => {
  const file = newFile();
  const { masterKey } = contents(file);
  const told = { a: 0, b: 0 };
  for (let kill = 0; kill < 6; kill++) {
    const firstDay = kill * 1e6;
    // They end by themselves, far later, should nobody be left to kill them.
    const victims = { a: rotating(file, firstDay, 1_000, 'a'), b: rotating(file, firstDay, 1_000, 'b') };
    const before = { a: countOf(file, 'a'), b: countOf(file, 'b') };
    while (countOf(file, 'a') < before.a + 3 || countOf(file, 'b') < before.b + 3) {
      assert.deepEqual([victims.a.child.exitCode, victims.b.child.exitCode], [null, null], 'both go on');
      await sleep(10);
    }
    await sleep(kill * 7);
    for (const name of ['a', 'b'] as const) {
      const { child, output, closed } = victims[name];
      child.kill('SIGKILL');
      await closed;
      told[name] += (await output).match(/^rotated/gm)?.length ?? 0;
      assert.ok(countOf(file, name) >= told[name], `${told[name]} told, ${countOf(file, name)} kept`);
    }
    assert.equal(contents(file).masterKey, masterKey);
    assert.equal(rotateCallerSecret(file, `after-${kill}`, 0).kind, 'rotated');
  }
  const beside = fs.readdirSync(FOLDER).filter((name) => name.startsWith(path.basename(file)));
  assert.ok(beside.length <= 3, beside.join());
});

test('the fingerprint is that of the master key: alike in copies and after rotations, and another for every other key', () => {
  const options = { clock: systemClock, onFault: assert.ifError };
  const fingerprint = (file: string): string => new CallbackSecrets({ file, ...options }).fingerprint;
  const file = newFile();
  const copy = path.join(FOLDER, 'copy.json');
  fs.copyFileSync(file, copy);
  rotateCallerSecret(copy, 'acme', 0);
  assert.match(fingerprint(file), /^[0-9a-f]{16}$/);
  assert.equal(fingerprint(copy), fingerprint(file));
  assert.notEqual(fingerprint(newFile()), fingerprint(file));
});
