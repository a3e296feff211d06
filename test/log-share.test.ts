/** One caller's long work does not push out what others came for: logs of jobs have a share of the store, and no more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, assertFactored, ended, look, metric, post, submit, submitAll } from './support/api.ts';
import { composite, NumberSource, type Composite } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(12);
/** Of these, each leaves a log of some 300 KiB when its budget is used up. */
const LONG_JOBS = 16;
const LONG_DIGITS = 66;

test('many partial jobs of one caller leave others their results, and the store its room', async () => {
  await using server = await Server.start({
    env: { FAIRSIEVE_STORE_BYTES_MAX: '2MiB', FAIRSIEVE_JOB_CPU_MS_MAX: '1000' },
  });
  const long = await submitAll(
    server,
    numbers.semiprimes(LONG_JOBS, LONG_DIGITS).map(({ number }) => number),
    'mallory',
  );
  const results = new Map<string, Composite>();
  await until(
    'the end of all long jobs',
    async () => {
      const work = composite([numbers.prime(8), numbers.prime(8)]);
      const { request_id } = await submit(server, work.number, 'alice');
      assertFactored(await ended(server, request_id), work);
      results.set(request_id, work);
      return (await metric(server, 'fairsieve_requests_waiting')) === 0;
    },
    180_000,
  );
  for (const [id, work] of results) assertFactored(await look(server, id), work);
  for (const { request_id } of long) assert.equal((await look(server, request_id)).status, 'partial');
  assert.equal((await ask(server, '/readyz')).status, 200);
  assert.equal((await post(server, { number: 91 }, 'bob')).status, 202);
});
