import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { systemClock } from '../base/clock.ts';
import { randomBytes } from '../base/random.ts';
import { CallbackSecrets, makeSecretFile, SECRET_FILE_NAME } from '../callbacks/callback-secret-file.ts';
import { signatureHeaders } from '../callbacks/signing.ts';
import { runCli } from './spawned-cli.ts';

let dataDir = '';
let env: Record<string, string> = {};
before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'fairsieve-secret-'));
  env = { FAIRSIEVE_DATA_DIR: dataDir };
});
after(() => rm(dataDir, { recursive: true }));

test('secret prints what a receiver verifies the callbacks of the server with, before and after a rotation', async () => {
  const file = join(dataDir, SECRET_FILE_NAME);
  makeSecretFile(file, randomBytes);
  const signed = (): Record<string, string> => {
    const secrets = new CallbackSecrets({ file, clock: systemClock, onFault: assert.fail });
    return signatureHeaders({ id: 'msg_1', body: '{}' }, secrets.signingFor('acme'), Date.now());
  };
  const first = await runCli(['secret', '--caller', 'acme'], '', env);
  assert.deepEqual([first.code, first.stderr], [0, '']);
  assert.match(first.stdout, /^whsec_\S+\n$/);
  assert.deepEqual(new Webhook(first.stdout.trim()).verify('{}', signed()), {});

  const second = await runCli(['secret', '--caller', 'acme', '--rotate'], '', env);
  assert.match(second.stdout, /^whsec_\S+\n$/);
  assert.notEqual(second.stdout, first.stdout);
  assert.match(second.stderr, /^fairsieve: the former secret signs too until \d{4}-\S+Z\n$/);
  for (const { stdout } of [first, second])
    assert.deepEqual(new Webhook(stdout.trim()).verify('{}', signed()), {});

  const shown = await runCli(['secret', '--caller', 'acme', '--json'], '', env);
  const { former_secrets: former, ...rest } = JSON.parse(shown.stdout) as {
    former_secrets: { secret: string; signs_until: string }[];
  };
  assert.deepEqual(rest, { caller_id: 'acme', secret: second.stdout.trim() });
  assert.equal(former[0]?.secret, first.stdout.trim());
  assert.ok(Date.parse(former[0]?.signs_until ?? '') > Date.now() + 23 * 3_600_000);
});

test('rotations at the same time are all made, and one too many is refused with the time when it is possible', async () => {
  const file = join(dataDir, 'elsewhere.json');
  makeSecretFile(file, randomBytes);
  const args = ['secret', '--caller', 'busy', '--rotate', '--file', file];
  const all = await Promise.all(Array.from({ length: 4 }, () => runCli(args)));
  assert.deepEqual(
    all.map(({ code, stderr }) => [code, /signs too until/.test(stderr)]),
    Array.from({ length: 4 }, () => [0, true]),
  );
  assert.equal(new Set(all.map(({ stdout }) => stdout)).size, 4);
  const refused = await runCli(args);
  assert.equal(refused.code, 1);
  assert.equal(refused.stdout, '');
  assert.match(refused.stderr, /^fairsieve: Cannot rotate the secret of "busy": .* possible again at \d{4}-/);
});

test('where the server has no secrets none are made up, and FAIRSIEVE_SECRET_FILE says where they are', async () => {
  const file = join(dataDir, 'nothing-here.json');
  const { code, stdout, stderr } = await runCli(['secret', '--caller', 'acme', '--rotate'], '', {
    ...env,
    FAIRSIEVE_SECRET_FILE: file,
  });
  assert.deepEqual([code, stdout], [1, '']);
  assert.ok(stderr.includes(file), stderr);
  assert.match(stderr, /The server makes it at its first start/);
  assert.ok(!(await readdir(dataDir)).some((name) => name.startsWith('nothing-here')));
});

test(
  'a file that others can read is refused with the remedy',
  { skip: process.platform === 'win32' },
  async () => {
    const file = join(dataDir, 'open.json');
    makeSecretFile(file, randomBytes);
    await chmod(file, 0o644);
    const { code, stdout, stderr } = await runCli(['secret', '--caller', 'acme', '--file', file]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /permissions are 0644; chmod 0640 it/);
  },
);

test('create prints a file of secrets with a key of its own, which a server takes as it is', async () => {
  const [one, other] = await Promise.all([runCli(['secret', 'create']), runCli(['secret', 'create'])]);
  assert.deepEqual([one.code, one.stderr], [0, '']);
  assert.notEqual(one.stdout, other.stdout);
  const file = join(dataDir, 'created.json');
  await writeFile(file, one.stdout, { mode: 0o600 });
  const { code, stdout } = await runCli(['secret', '--caller', 'acme', '--file', file]);
  assert.equal(code, 0);
  assert.match(stdout, /^whsec_/);
  for (const more of [['--caller', 'acme'], ['--file', file], ['--rotate'], ['again']])
    assert.equal((await runCli(['secret', 'create', ...more])).code, 2, more.join(' '));
});

test('a line that names no caller, or more than that, is a mistake', async () => {
  for (const args of [[], ['--caller', ''], ['--caller', 'a\tb'], ['acme'], ['--caller', 'acme', 'rotate']]) {
    const { code, stdout } = await runCli(['secret', ...args], '', env);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
  }
});
