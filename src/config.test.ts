import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describeSettings, readConfig, settingRows } from './config.ts';

test('without settings there are defaults', () => {
  const config = readConfig({ HOME: '/root' });
  assert.equal(config.host, '127.0.0.1');
  assert.equal(config.port, 8080);
  assert.equal(config.retentionMs, 7 * 86_400_000);
});

test('settings are read in their units', () => {
  const config = readConfig({
    FAIRSIEVE_PORT: '0',
    FAIRSIEVE_RETENTION: '90m',
    FAIRSIEVE_PARKED_BYTES_MAX: '256MiB',
    FAIRSIEVE_WEIGHTS: 'acme=3,a=b=0.5',
  });
  assert.equal(config.port, 0);
  assert.equal(config.retentionMs, 5_400_000);
  assert.equal(config.parkedBytesMax, 268_435_456);
  assert.deepEqual(
    [...config.weights],
    [
      ['acme', 3],
      ['a=b', 0.5],
    ],
  );
});

test('a quota holds for everyone, for some by name, or both', () => {
  const { quotas } = readConfig({
    FAIRSIEVE_QUOTA_WAITING: '600,acme=6000,a=b=7',
    FAIRSIEVE_QUOTA_PER_MINUTE: 'acme=5',
  });
  assert.deepEqual(['acme', 'a=b', 'globex'].map(quotas.waiting), [6_000, 7, 600]);
  assert.deepEqual(['acme', 'globex'].map(quotas['per-minute']), [5, undefined]);
  assert.equal(readConfig({}).quotas.waiting('acme'), undefined);
  for (const wrong of ['0', '1.5', '600,700', 'acme=', 'acme=1.5', '600,', 'x'])
    assert.throws(
      () => readConfig({ FAIRSIEVE_QUOTA_WAITING: wrong }),
      /FAIRSIEVE_QUOTA_WAITING must be/,
      wrong,
    );
});

test('callers share results unless API keys keep them apart, and as is set', () => {
  const keys = { FAIRSIEVE_API_KEYS_FILE: 'keys.json' };
  assert.equal(readConfig({}).sharesWork, true);
  assert.equal(readConfig(keys).sharesWork, false);
  assert.equal(readConfig({ ...keys, FAIRSIEVE_SHARE_RESULTS: 'yes' }).sharesWork, true);
  assert.equal(readConfig({ FAIRSIEVE_SHARE_RESULTS: 'no' }).sharesWork, false);
});

test('all mistakes are told at once, with the value and the bound', () => {
  const wrong = {
    FAIRSIEVE_PORT: '70000',
    FAIRSIEVE_RETENTION: '7 weeks',
    FAIRSIEVE_LOG_LEVEL: 'loud',
    FAIRSIEVE_WEIGHTS: 'acme=0',
    FAIRSIEVE_PARKED_BYTES_MAX: '-1',
    FAIRSIEVE_STORE_BYTES_MAX: '1',
    FAIRSIEVE_SHARE_RESULTS: 'maybe',
    FAIRSIEVE_CALLBACK_DNS: 'ns.example.com',
    FAIRSIEVE_WORKRES: '2',
    FAIRSIEVE_COLOUR: 'red',
    FAIRSIEVE_DATA_DIR: 'smb://server/share',
  };
  assert.throws(
    () => readConfig(wrong),
    (error: Error) => {
      assert.match(error.message, /FAIRSIEVE_PORT must be a whole number from 0 to 65535: it is "70000"/);
      assert.match(error.message, /FAIRSIEVE_WORKRES is not a setting: did you mean FAIRSIEVE_WORKERS\?/);
      assert.match(error.message, /FAIRSIEVE_COLOUR is not a setting$/m);
      assert.match(error.message, /FAIRSIEVE_DATA_DIR must be the path of a folder: it is "smb:/);
      for (const name of Object.keys(wrong)) assert.ok(error.message.includes(name), name);
      return true;
    },
  );
});

test('an unsafe Redis is gone on over only where that is asked for', () => {
  for (const [given, accepts] of [
    ['', false],
    ['no', false],
    ['allow', true],
  ] as const) {
    const env = { FAIRSIEVE_STORE: 'redis', FAIRSIEVE_REDIS_UNSAFE: given };
    assert.equal(readConfig(env).redis?.acceptUnsafe, accepts, given);
  }
  assert.throws(() => readConfig({ FAIRSIEVE_REDIS_UNSAFE: 'yes' }), /must be one of no, allow: it is "yes"/);
});

test('Redis is told by its parts or in one, and what is set for nothing is told', () => {
  const redis = { FAIRSIEVE_STORE: 'redis' };
  assert.equal(readConfig({}).redis, undefined);
  assert.equal(readConfig(redis).redis?.url, 'redis://127.0.0.1:6379');
  assert.equal(readConfig({ ...redis, FAIRSIEVE_REDIS_HOST: '::1' }).redis?.url, 'redis://[::1]:6379');
  const url = 'rediss://user:geheim@redis:6380';
  assert.equal(readConfig({ ...redis, FAIRSIEVE_REDIS_URL: url }).redis?.url, url);
  assert.throws(
    () => readConfig({ FAIRSIEVE_REDIS_URL: url, FAIRSIEVE_REDIS_PORT: '6379' }),
    /FAIRSIEVE_STORE must be redis for that\nFAIRSIEVE_REDIS_PORT and FAIRSIEVE_REDIS_URL say the same/,
  );
});

test('what may hold a secret is not repeated', () => {
  const env = {
    FAIRSIEVE_STORE: 'redis',
    FAIRSIEVE_REDIS_URL: 'http://:geheim@redis',
    FAIRSIEVE_NATS_URL: 'nats:geheim',
  };
  assert.throws(
    () => readConfig(env),
    ({ message }: Error) =>
      /REDIS_URL must be .*\n.*NATS_URL must be/.test(message) && !message.includes('geheim'),
  );
});

test('the help and docs/operations.md tell every setting with its default', () => {
  const help = describeSettings();
  const doc = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8');
  for (const { name, shown, about } of settingRows()) {
    assert.ok(help.includes(name));
    assert.ok(
      doc.includes(`| \`${name}\` | ${shown} | ${about} |`),
      `docs/operations.md lacks the row of ${name}: ${about}`,
    );
  }
  for (const [named] of doc.matchAll(/FAIRSIEVE_[A-Z_]+/g))
    assert.ok(help.includes(named), `${named} is not a setting`);
});

test('a file of keys that is set and empty is no open door', () => {
  assert.throws(
    () => readConfig({ FAIRSIEVE_API_KEYS_FILE: '' }),
    /FAIRSIEVE_API_KEYS_FILE must be .* it is empty/,
  );
  assert.equal(readConfig({}).apiKeysFile, undefined);
});
