/**
 * A process made to be killed: it opens the store in the folder given and says on standard output, a line for each, what has become
 * durable. For the tests of crashes only.
 *
 * `work`: accepts requests in many loops at once and finishes every other one, until it is killed from outside.
 * `batch`: accepts one large batch under a key and kills itself in the midst of it.
 */
import { BATCH_NUMBERS_MAX } from '../../domain/limits.ts';
import { doneJob, keyed, newRequests } from '../contract/store-fixture.ts';
import { openSqliteStore } from './sqlite-store.ts';

const [dataDir = '', task = '', firstSeq = ''] = process.argv.slice(2);
const LOOPS = 32;

const store = await openSqliteStore({ dataDir });
let seq = Number(firstSeq);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function work(): Promise<never> {
  for (;;) {
    const mine = seq++;
    await store.accept({ requests: newRequests(1, { seq: mine }) });
    say(`accepted ${mine}`);
    if (mine % 2 === 1) continue;
    await store.finish([doneJob(mine)]);
    say(`done ${mine}`);
  }
}

async function batch(): Promise<void> {
  void store.accept(keyed(newRequests(BATCH_NUMBERS_MAX, { seq })));
  while ((await store.stats()).queued < BATCH_NUMBERS_MAX / 4);
  process.kill(process.pid, 'SIGKILL');
}

say('open');
await (task === 'work' ? Promise.all(Array.from({ length: LOOPS }, work)) : batch());
