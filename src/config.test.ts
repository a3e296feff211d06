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

test('all mistakes are told at once, with the value and the bound', () => {
  const wrong = {
    FAIRSIEVE_PORT: '70000',
    FAIRSIEVE_RETENTION: '7 weeks',
    FAIRSIEVE_LOG_LEVEL: 'loud',
    FAIRSIEVE_WEIGHTS: 'acme=0',
    FAIRSIEVE_PARKED_BYTES_MAX: '-1',
    FAIRSIEVE_STORE_BYTES_MAX: '1',
    FAIRSIEVE_WORKRES: '2',
  };
  assert.throws(
    () => readConfig(wrong),
    (error: Error) => {
      assert.match(error.message, /FAIRSIEVE_PORT must be a whole number from 0 to 65535: it is "70000"/);
      assert.match(error.message, /FAIRSIEVE_WORKRES is not a setting: did you mean FAIRSIEVE_WORKERS\?/);
      for (const name of Object.keys(wrong)) assert.ok(error.message.includes(name), name);
      return true;
    },
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
