/**
 * What one would write instead of fairsieve, second half: the process that claims jobs from BullMQ and has them factored.
 *
 * In order `arrival` there is one queue and the first comes first. In order `turns` there is a queue for each caller, and whenever a
 * compute thread is free, the next caller in line that has work gets it: BullMQ itself takes turns among groups in its paid
 * edition only, so here the turns are taken among jobs already claimed. A job that runs is not interrupted. Decided for speed, and so that nothing is lost:
 *   - As many compute threads as cores (`ComputePool`), never on the event loop: locks are renewed on time, however long a number takes.
 *     (BullMQ's own sandbox runs one job for each claim, so that every thread would wait for Redis between two of them.)
 *   - Many jobs are claimed ahead, so that the round trips and fsyncs of many overlap; finishing one claims the next in the same script.
 *   - Small numbers go to the threads as well: on the event loop they would be quicker, and past every turn.
 *   - Locks live for 6 s instead of 30, so that after a crash jobs run again soon, and are renewed every second instead of at half time,
 *     so that none lapses on a busy machine. However often a job is found without its worker, it is not given up.
 *   - Callers share one connection; each has another one that blocks until there is work, as BullMQ needs.
 */
import os from 'node:os';
import { Worker } from 'bullmq';
import {
  connect,
  QUEUES_KEY,
  settingsFrom,
  SHARED_QUEUE,
  type JobData,
  type JobResult,
} from './bullmq-queues.ts';
import { ComputePool } from './compute-pool.ts';

const CLAIMED_AHEAD = 64;
const LOCK_MS = 6_000;
const LOCK_RENEWED_EVERY_MS = 1_000;
const STALLED_CHECK_MS = 1_000;

const { redisUrl, order } = settingsFrom(process.env);
const client = await connect(redisUrl);
const pool = new ComputePool(os.availableParallelism());
const workers = new Map<string, Worker<JobData, JobResult>>();

function serve(queue: string): void {
  if (workers.has(queue)) return;
  const worker = new Worker<JobData, JobResult>(queue, (job) => pool.factor(queue, job.data.number), {
    connection: client,
    concurrency: CLAIMED_AHEAD,
    lockDuration: LOCK_MS,
    lockRenewTime: LOCK_RENEWED_EVERY_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: Number.MAX_SAFE_INTEGER,
  });
  worker.on('error', (error) => console.error(error));
  workers.set(queue, worker);
}

if (order === 'arrival') serve(SHARED_QUEUE);
else {
  // Told of new ones first, so that none is missed between the two.
  const told = client.duplicate();
  told.on('error', (error) => console.error(error));
  await told.connect();
  await told.subscribe(QUEUES_KEY, serve);
  for (const queue of await client.sMembers(QUEUES_KEY)) serve(queue);
}
console.log('ready');
