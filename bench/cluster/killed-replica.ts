/**
 * One of four replicas is killed under 1,000 requests a second through the balancer, submitted with the client that ships, and
 * started again: what was lost, and how long its requests could not be asked for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster } from '../../scripts/servers/cluster.ts';
import { createClient } from '../../src/client/client.ts';
import type { BenchmarkOptions, Result } from '../support/benchmark.ts';
import { distinctWords } from '../support/seeded-numbers.ts';

const REPLICAS = 4;
const PER_SECOND = 1_000;
const CALLERS = 8;
const LEASE_MS = 10_000;
const TICK_MS = 20;
const POLL_MS = 20;
/** Of what the killed replica accepted, so many are asked for at a time. */
const ASKED = 20;
/** Above what is aimed at. */
const ANSWERED_MS_MAX = 60_000;

export async function killedReplica({ quick, seed, say }: BenchmarkOptions): Promise<Result> {
  const secondsBefore = quick ? 1 : 5;
  const secondsAfter = quick ? 2 : 20;
  await using cluster = await startCluster({
    replicas: REPLICAS,
    env: { FAIRSIEVE_LOG_LEVEL: 'error', FAIRSIEVE_WORKERS: '1', FAIRSIEVE_LEASE_MS: String(LEASE_MS) },
  });
  const [victim] = cluster.replicas;
  if (!victim) throw new Error('The cluster has no replica');
  const { cluster: of } = (await (await fetch(`${victim.url}/readyz`)).json()) as {
    readonly cluster: { readonly shard: number };
  };
  const word = distinctWords(seed);
  const clients = Array.from({ length: CALLERS }, (_, i) =>
    createClient({ url: cluster.url, callerId: `caller_${i}`, concurrency: 256 }),
  );
  const accepted: string[] = [];
  const submissions: Promise<void>[] = [];
  let refused = 0;
  const load = async (seconds: number): Promise<void> => {
    const startMs = performance.now();
    for (let sent = 0; sent < seconds * PER_SECOND;) {
      const due = Math.min(
        seconds * PER_SECOND,
        Math.floor(((performance.now() - startMs) / 1000) * PER_SECOND),
      );
      for (; sent < due; sent++) {
        const submitted = clients[sent % CALLERS]?.submit(word());
        if (submitted)
          submissions.push(
            submitted.then(
              ({ request_id }) => void accepted.push(request_id),
              () => void refused++,
            ),
          );
      }
      await sleep(TICK_MS);
    }
  };

  say(`${PER_SECOND} requests a second`);
  await load(secondsBefore);
  const before = accepted.filter((id) => shardOf(id) === of.shard).slice(-ASKED);
  say('one replica is killed, and started again');
  const loading = load(secondsAfter);
  await victim.kill();
  victim.begin();
  const startMs = performance.now();
  const gapSeconds = await untilAnswered(cluster.url, before, startMs);
  await victim.ready();
  await loading;
  await Promise.all(submissions);

  say(`asking for all ${accepted.length.toLocaleString('en')}`);
  const lost = await countLost(cluster.url, accepted);
  return {
    tables: [
      {
        title: `kill -9 of one of ${REPLICAS} replicas under ${PER_SECOND.toLocaleString('en')} requests/s through the balancer`,
        columns: [
          'accepted',
          'refused for good',
          'lost',
          'target',
          'its requests answer again after, s',
          'target',
        ],
        rows: [[accepted.length, refused, lost, '0', gapSeconds, `< ${LEASE_MS / 1000 + 3}`]],
      },
    ],
    notes: [
      `${before.length} requests of the killed replica were asked for until all were answered, from its new start on`,
    ],
    failures: lost + refused,
  };
}

/** The shard in a request id: one of its characters. */
function shardOf(requestId: string): number {
  return '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(requestId.charAt(11));
}

/** Seconds until each of these has been answered with 200, all asked at the same time; the deadline where one never is. */
async function untilAnswered(url: string, ids: readonly string[], startMs: number): Promise<number> {
  const answered = async (id: string): Promise<void> => {
    while (performance.now() - startMs < ANSWERED_MS_MAX) {
      const response = await fetch(`${url}/requests/${id}`).catch(() => undefined);
      await response?.body?.cancel();
      if (response?.status === 200) return;
      await sleep(POLL_MS);
    }
  };
  await Promise.all(ids.map(answered));
  return (performance.now() - startMs) / 1000;
}

/** How many are not there, or never end. */
async function countLost(url: string, ids: readonly string[]): Promise<number> {
  const queue = ids.values();
  let lost = 0;
  const lane = async (): Promise<void> => {
    for (const id of queue) {
      const endMs = performance.now() + 60_000;
      let status = '';
      while (status !== 'done' && performance.now() < endMs) {
        const response = await fetch(`${url}/requests/${id}`, { headers: { prefer: 'wait=1' } });
        if (response.ok) ({ status } = (await response.json()) as { status: string });
        else {
          await response.body?.cancel();
          if (response.status === 404) break;
        }
      }
      if (status !== 'done') lost++;
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  return lost;
}
