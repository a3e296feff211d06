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

/** How a first try to connect ends: `connected`, or why not. */
async function outcome(host: string): Promise<string> {
  const parsed = parseNatsUrl(`tls://${host}:${nats.port}`);
  assert.ok(parsed.kind === 'ok');
  let ended: string | undefined;
  await using bus = openNatsBus({
    address: parsed.address,
    cluster: 'test',
    shard: 0,
    clock: systemClock,
    random: () => 0,
    onFault: (error) => (ended ??= String(error)),
    onConnected: () => (ended ??= 'connected'),
  });
  const first = await until('a try', () => ended);
  assert.equal(bus.connected, first === 'connected');
  return first;
}

test('a certificate that nobody vouches for is refused', async () => {
  assert.match(await outcome('127.0.0.1'), /self-signed certificate/);
});

test('one that is trusted is accepted for the address that it is for, and for no other name', async () => {
  const trusted = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...trusted, TEST_CERTIFICATE]);
  try {
    assert.equal(await outcome('127.0.0.1'), 'connected');
    assert.match(await outcome('localhost'), /does not match certificate's altnames/);
  } finally {
    tls.setDefaultCACertificates(trusted);
  }
});
