import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ApiKeys } from '../access/api-keys.ts';
import { systemClock } from '../base/clock.ts';
import { runCli } from './spawned-cli.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairsieve-key-'));
});
after(() => rm(folder, { recursive: true }));

test('a key is made, known to the server, listed without itself, and revoked', async () => {
  const file = join(folder, 'keys.json');
  const env = { FAIRSIEVE_API_KEYS_FILE: file };
  const owner = (key: string): unknown =>
    new ApiKeys({ file, clock: systemClock, onFault: assert.fail }).find(key)?.owner;

  const made = await runCli(['key', 'create', '--caller', 'acme'], '', env);
  assert.match(made.stdout, /^fsk_\S{43}\n$/);
  const [, id = ''] = /this is key (\w+) for caller acme; it is not shown again/.exec(made.stderr) ?? [];
  assert.equal(made.code, 0);
  assert.deepEqual(owner(made.stdout.trim()), { kind: 'caller', callerId: 'acme' });

  const json = await runCli(['key', 'create', '--operator', '--json'], '', env);
  const operator = JSON.parse(json.stdout) as { id: string; operator: true; key: string };
  assert.deepEqual(Object.keys(operator), ['id', 'operator', 'key']);
  assert.deepEqual(owner(operator.key), { kind: 'operator' });

  const list = await runCli(['key', 'list'], '', env);
  assert.match(
    list.stdout,
    new RegExp(`^${id} {2}\\S+Z {2}caller acme\n${operator.id} {2}\\S+Z {2}the operator\n$`),
  );
  const lines = (await runCli(['key', 'list', '--json'], '', env)).stdout.trim().split('\n');
  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(Object.keys(first ?? {}), ['id', 'caller_id', 'created_at']);
  assert.deepEqual([second?.id, second?.operator], [operator.id, true]);

  const revoked = await runCli(['key', 'revoke', id], '', env);
  assert.deepEqual([revoked.code, revoked.stdout, revoked.stderr], [0, '', '']);
  assert.equal(owner(made.stdout.trim()), undefined);
  assert.deepEqual(owner(operator.key), { kind: 'operator' });
  const again = await runCli(['key', 'revoke', id], '', env);
  assert.equal(again.code, 1);
  assert.match(again.stderr, new RegExp(`There is no key "${id}"`));
});

test('keys made at the same time are all kept', async () => {
  const file = join(folder, 'many.json');
  const made = await Promise.all(
    Array.from({ length: 5 }, (_, i) => runCli(['key', 'create', '--caller', `c${i}`, '--file', file])),
  );
  const keys = new ApiKeys({ file, clock: systemClock, onFault: assert.fail });
  assert.deepEqual(
    made.map(({ stdout }) => keys.find(stdout.trim())?.owner),
    made.map((_, i) => ({ kind: 'caller', callerId: `c${i}` })),
  );
});

test('a broken file is left as it is and named', async () => {
  const file = join(folder, 'broken.json');
  await writeFile(file, '{"keys":', { mode: 0o600 });
  for (const args of [['create', '--operator'], ['list'], ['revoke', 'a']]) {
    const { code, stdout, stderr } = await runCli(['key', ...args, '--file', file]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /broken\.json: it is not JSON/);
  }
  assert.equal(await readFile(file, 'utf8'), '{"keys":');
});

test('mistakes in the line are told, and no key is made', async () => {
  const file = join(folder, 'none.json');
  const mistakes: [readonly string[], RegExp][] = [
    [[], /Say what to do: create, list, revoke/],
    [['revok', 'x'], /did you mean revoke\?/],
    [['create'], /either --caller ID or --operator/],
    [['create', '--caller', 'acme', '--operator'], /either --caller ID or --operator/],
    [['create', '--caller', 'a\nb'], /control characters/],
    [['create', 'acme', '--operator'], /not "acme"/],
    [['list', '--operator'], /belong to key create/],
    [['revoke', '--caller', 'acme'], /Name one key by its id/],
    [['revoke', 'x', '--caller', 'acme'], /belong to key create/],
    [['revoke', 'x', 'y'], /Name one key by its id/],
  ];
  for (const [args, message] of mistakes) {
    const { code, stdout, stderr } = await runCli(['key', ...args, '--file', file]);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, message);
  }
  const unnamed = await runCli(['key', 'list']);
  assert.equal(unnamed.code, 2);
  assert.match(unnamed.stderr, /FAIRSIEVE_API_KEYS_FILE/);
});
