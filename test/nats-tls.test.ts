/** The bus over TLS: nothing is said to a NATS that is not the one it was connected to. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { startNatsServer } from '../scripts/servers/nats-server.ts';
import type { ServerProcess } from '../scripts/servers/server-process.ts';
import { systemClock } from '../src/base/clock.ts';
import { parseNatsUrl } from '../src/bus/nats/nats-address.ts';
import { openNatsBus } from '../src/bus/nats/nats-bus.ts';
import { TEST_CERTIFICATE, TEST_CERTIFICATE_KEY } from '../src/callbacks/test-certificate.ts';
import { until } from './support/until.ts';

let folder: string;
let nats: ServerProcess;
before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'fairsieve-tls-'));
  const [certificate, key] = [path.join(folder, 'certificate.pem'), path.join(folder, 'key.pem')];
  writeFileSync(certificate, TEST_CERTIFICATE);
  writeFileSync(key, TEST_CERTIFICATE_KEY);
  nats = await startNatsServer(['--tls', '--tlscert', certificate, '--tlskey', key]);
});
after(async () => {
  await nats.kill();
  rmSync(folder, { recursive: true });
});

/** Resolves when a try to connect has ended so: `connected`, or why not. Fails where it has connected and should not. */
async function untilOutcome(host: string, expected: RegExp): Promise<void> {
  const parsed = parseNatsUrl(`tls://${host}:${nats.port}`);
  assert.ok(parsed.kind === 'ok');
  const outcomes: string[] = [];
  await using bus = openNatsBus({
    address: parsed.address,
    cluster: 'test',
    shard: 0,
    clock: systemClock,
    random: () => 0,
    onFault: (error) => outcomes.push(String(error)),
    onConnected: () => outcomes.push('connected'),
  });
  // A process that is held up for some seconds takes NATS for silent.
  await until(`${expected} of ${host}`, () => outcomes.some((outcome) => expected.test(outcome)));
  const connects = expected.test('connected');
  assert.equal(bus.connected, connects);
  assert.equal(outcomes.includes('connected'), connects, outcomes.join());
}

test('a certificate that nobody vouches for is refused', async () => {
  await untilOutcome('127.0.0.1', /self-signed certificate/);
});

test('one that is trusted is accepted for the address that it is for, and for no other name', async () => {
  const trusted = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...trusted, TEST_CERTIFICATE]);
  try {
    await untilOutcome('127.0.0.1', /^connected$/);
    await untilOutcome('localhost', /does not match certificate's altnames/);
  } finally {
    tls.setDefaultCACertificates(trusted);
  }
});
