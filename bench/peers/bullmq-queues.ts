/** What the two processes of a BullMQ peer agree on: which queues there are, and how Redis is reached. */
import { createClient } from '@redis/client';

/** arrival: one queue, first come first served. turns: a queue for each caller, taken in turn. */
export type Order = 'arrival' | 'turns';

export interface PeerSettings {
  readonly redisUrl: string;
  readonly order: Order;
}

/** As `BullmqPeer` hands them to both processes. */
export function settingsFrom(env: NodeJS.ProcessEnv): PeerSettings {
  const { PEER_REDIS_URL: redisUrl, PEER_ORDER: order } = env;
  if (redisUrl === undefined || (order !== 'arrival' && order !== 'turns'))
    throw new Error(`PEER_REDIS_URL is ${redisUrl}, PEER_ORDER is ${order}: one of arrival, turns`);
  return { redisUrl, order };
}

/** One connection for everything that does not block: commands of one turn of the event loop travel together. */
export async function connect(redisUrl: string) {
  const client = createClient({ url: redisUrl });
  client.on('error', (error) => console.error(error));
  return client.connect();
}

/** The only queue of order `arrival`. */
export const SHARED_QUEUE = 'requests';

/** A set of all queues there are in order `turns`, and the channel on which new ones are told. */
export const QUEUES_KEY = 'queues';

/** Neither a colon, which BullMQ refuses, nor a dot, which ends it in a request id. */
export function queueOf(order: Order, callerId: string): string {
  return order === 'arrival' ? SHARED_QUEUE : `caller-${Buffer.from(callerId).toString('base64url')}`;
}

export interface JobData {
  /** In decimal. */
  readonly number: string;
}

/** The primes in decimal. */
export type JobResult = readonly string[];
