/** A disk that hangs, as the clients of the embedded server meet it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Accepted } from '../src/contract/submission.ts';
import { ask, assertFactored, assertProblem, ended, read, type Reply } from './support/api.ts';
import { inTime } from './support/in-time.ts';
import { NumberSource } from './support/number-source.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

/** A second more than is promised, on a busy machine. */
const ANSWER_MS_MAX = 3_000;

test('while the disk hangs all are told within 2 s that the outcome is unknown, and find it under the same key', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fairsieve-hanging-'));
  const hanging = path.join(folder, 'hanging');
  const preload = path.resolve(import.meta.dirname, 'support/hanging-commits.ts');
  {
    await using server = await Server.start({
      env: { NODE_OPTIONS: `--import ${preload}`, HANGING_COMMITS: hanging },
    });
    const number = new NumberSource(3).semiprime(18);
    let tries = 0;
    const submit = (): Promise<Reply> =>
      ask(server, '/requests', {
        method: 'POST',
        headers: { 'x-caller-id': 'tester', 'idempotency-key': `once-${tries}` },
        body: JSON.stringify({ number: String(number.number) }),
      });
    const recover = async (): Promise<Reply> => {
      await rm(hanging);
      return until('the disk being there again', async () => {
        const reply = await submit();
        return reply.status !== 503 && reply;
      });
    };
    // Each time it begins to hang: once it is known to, who asks is refused at once.
    const askWhileItHangs = async (): Promise<Reply[]> => {
      tries++;
      await writeFile(hanging, '');
      const replies = await Promise.all([submit(), ask(server, '/requests')]);
      for (const reply of replies) {
        assertProblem(reply, 503, 'outcome_unknown');
        assert.match(reply.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      }
      return replies;
    };
    await inTime(ANSWER_MS_MAX, askWhileItHangs, recover);
    const { request_id } = read<Accepted>(await recover(), 202);
    assertFactored(await ended(server, request_id), number);
  }
  await rm(folder, { recursive: true });
});
