/** Memory stays bounded whatever callers ask for: 200 of them with a long number each, while short work goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestBody } from '../src/contract/request-body.ts';
import { assertFactored, cancel, ended, metric, read, submit } from './support/api.ts';
import { NumberSource } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const MIB = 2 ** 20;
const CALLERS = 200;
const PARKED_BYTES_MAX = 256 * MIB;
/** Beyond the places: memories kept for reuse (128 MiB), those of jobs shorter than a slice (an eighth of the places), heaps. */
const MARGIN_BYTES = 128 * MIB + PARKED_BYTES_MAX / 8 + 128 * MIB;
/** Set FAIRSIEVE_TEST_WATCH_MS=60000 in the environment of the tests for a longer look. */
const WATCH_MS = Number(process.env['FAIRSIEVE_TEST_WATCH_MS'] ?? 15_000);

const skip = process.platform === 'linux' ? false : 'reads /proc';

test(
  `${CALLERS} callers with an 80-digit number each stay within the memory allowed, and short work is served`,
  { skip },
  async (t) => {
    await using server = await Server.start({
      env: { FAIRSIEVE_PARKED_BYTES_MAX: String(PARKED_BYTES_MAX) },
    });
    const numbers = new NumberSource(10);
    await ended(server, (await submit(server, numbers.semiprime(40).number)).request_id);
    const idleBytes = server.residentBytes;
    const bytesMax = idleBytes + PARKED_BYTES_MAX + MARGIN_BYTES;
    const long = await Promise.all(
      numbers.semiprimes(CALLERS, 80).map(({ number }, i) => submit(server, number, `patient-${i}`)),
    );
    await until('the workers busy', async () => (await metric(server, 'fairsieve_workers_busy')) > 0);

    let peakBytes = 0;
    let served = 0;
    for (const endMs = performance.now() + WATCH_MS; performance.now() < endMs; served++) {
      const short = numbers.semiprime(18);
      const { request_id } = await submit(server, short.number, 'hasty');
      assertFactored(await ended(server, request_id), short);
      peakBytes = Math.max(peakBytes, server.residentBytes);
      assert.ok(peakBytes < bytesMax, `${peakBytes / MIB} MiB resident, at most ${bytesMax / MIB} expected`);
    }
    assert.ok(served >= 10, `only ${served} short requests were served`);

    const cancelled = await Promise.all(long.map(({ request_id }) => cancel(server, request_id)));
    for (const reply of cancelled) assert.equal(read<RequestBody>(reply, 200).status, 'cancelled');
    await until('no places taken', async () => (await metric(server, 'fairsieve_place_bytes')) === 0);
    await until('memory given back', async () => {
      // Some work, so that the garbage collector has a reason to look.
      await ended(server, (await submit(server, numbers.semiprime(18).number)).request_id);
      return server.residentBytes < idleBytes + MARGIN_BYTES;
    });
    t.diagnostic(
      `idle ${idleBytes / MIB} MiB, peak ${peakBytes / MIB}, in the end ${server.residentBytes / MIB}; ${served} short requests`,
    );
  },
);
