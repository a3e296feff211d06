/**
 * What one would write instead of fairsieve, first half: the HTTP side, Fastify in front of BullMQ (MIT, the open-source one) and Redis.
 *
 * `POST /requests` answers 202 once Redis, which flushes its file before it answers (`appendfsync always`), has acknowledged the
 * job. `GET /requests/{id}` reads the job. Decided for speed, and so that nothing is lost:
 *   - A process of its own, beside `bullmq-workers.ts`, so that claiming and finishing jobs never delay an answer.
 *   - One connection for all queues, and jobs are added in bulk (`GroupedAdds`): a script for each job, but one transaction and one
 *     fsync for all that arrived meanwhile, as in ours. It takes a sixth off the CPU time of this process.
 *   - BullMQ counts the job ids (a custom id costs a look-up), and completed jobs stay (`removeOnComplete` off), so that results
 *     can be fetched and nothing is pruned at each completion.
 *   - The state is read off the job's own fields, one HGETALL, where `getState()` would run a script over all lists.
 *   - Fastify validates and serialises by schema.
 * In order `turns`, a caller's queue is noted in Redis before the first job goes into it.
 */
import Fastify from 'fastify';
import { Job, Queue } from 'bullmq';
import {
  connect,
  queueOf,
  QUEUES_KEY,
  settingsFrom,
  SHARED_QUEUE,
  type JobData,
  type JobResult,
} from './bullmq-queues.ts';
import { GroupedAdds } from './grouped-adds.ts';

type Status = 'queued' | 'running' | 'done' | 'failed';

const { redisUrl, order } = settingsFrom(process.env);
const client = await connect(redisUrl);
const queues = new Map<string, Promise<GroupedAdds>>();

function openQueue(name: string): GroupedAdds {
  const queue = new Queue<JobData, JobResult>(name, { connection: client });
  queue.on('error', (error) => console.error(error));
  return new GroupedAdds(queue);
}

/** Its queue, which the workers know of when it resolves. */
function queueFor(callerId: string): Promise<GroupedAdds> {
  const name = queueOf(order, callerId);
  const known = queues.get(name);
  if (known) return known;
  const made = client
    .multi()
    .sAdd(QUEUES_KEY, name)
    .publish(QUEUES_KEY, name)
    .exec()
    .then(() => openQueue(name));
  queues.set(name, made);
  made.catch(() => queues.delete(name));
  return made;
}

const SUBMISSION = {
  type: 'object',
  required: ['number'],
  additionalProperties: false,
  properties: { number: { type: 'string', pattern: '^[1-9][0-9]{0,999}$' } },
};
const CALLER = {
  type: 'object',
  required: ['x-caller-id'],
  properties: { 'x-caller-id': { type: 'string', minLength: 1, maxLength: 200 } },
};
const TEXT = { type: 'string' };
const ACCEPTED = { type: 'object', properties: { request_id: TEXT, status: TEXT, number: TEXT } };
const REQUEST = {
  type: 'object',
  properties: { ...ACCEPTED.properties, prime_factors: { type: 'array', items: TEXT } },
};

const app = Fastify();

app.post<{ Body: JobData; Headers: { 'x-caller-id': string } }>(
  '/requests',
  { schema: { body: SUBMISSION, headers: CALLER, response: { 202: ACCEPTED } } },
  async ({ headers, body: { number } }, reply) => {
    const adds = await queueFor(headers['x-caller-id']);
    const id = await adds.add(number);
    reply.code(202);
    return { request_id: `${adds.queue.name}.${id}`, status: 'queued', number };
  },
);

app.get<{ Params: { request_id: string } }>(
  '/requests/:request_id',
  { schema: { response: { 200: REQUEST } } },
  async ({ params: { request_id: requestId } }, reply) => {
    const dot = requestId.lastIndexOf('.');
    const queue = (await queues.get(requestId.slice(0, dot)))?.queue;
    const job = queue && (await Job.fromId<JobData, JobResult>(queue, requestId.slice(dot + 1)));
    if (!job) return reply.code(404).send({ title: `There is no request ${requestId}` });
    return {
      request_id: requestId,
      status: statusOf(job),
      number: job.data.number,
      prime_factors: job.returnvalue ?? [],
    };
  },
);

function statusOf({ finishedOn, failedReason, processedOn }: Job): Status {
  if (finishedOn !== undefined) return failedReason === undefined ? 'done' : 'failed';
  return processedOn === undefined ? 'queued' : 'running';
}

/** How many are accepted and not finished: no part of the contract, for whoever measures. */
app.get('/waiting', async () => {
  const all = await Promise.all(queues.values());
  const counts = await Promise.all(all.map(({ queue }) => queue.getJobCountByTypes('waiting', 'active')));
  return { waiting: counts.reduce((sum, count) => sum + count, 0) };
});

const noted = order === 'arrival' ? [SHARED_QUEUE] : await client.sMembers(QUEUES_KEY);
for (const name of noted) queues.set(name, Promise.resolve(openQueue(name)));
await app.listen({ host: '127.0.0.1', port: Number(process.env['PEER_PORT']) });
console.log('ready');
