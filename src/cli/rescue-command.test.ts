import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from './spawned-cli.ts';

test('without the settings of a cluster it says which are missing, and ends as for any wrong setting', async () => {
  const { code, stdout, stderr } = await runCli(['rescue', '--database', '3']);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /FAIRSIEVE_STORE must be redis, and FAIRSIEVE_NATS_URL be set/);
});

test('it takes one database, and one that there can be', async () => {
  for (const [args, says] of [
    [[], /Say which database: --database N/],
    [['--database', '16'], /--database must be a whole number from 0 to 15: it is "16"/],
    [['--database', '-1'], /--database/],
    [['--database', '1', '--database', '2'], /--database takes one value, and is given two different ones/],
    [['3'], /name the database with --database/],
  ] as const) {
    const { code, stdout, stderr } = await runCli(['rescue', ...args]);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, says);
  }
});
