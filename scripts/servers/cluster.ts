/**
 * A whole cluster on this machine: redis-server, nats-server, HAProxy with the configuration that ships, and replicas behind it, all
 * of them the real programs. `npm run cluster` and the tests start it here, so that what ships is what is tested.
 */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeFileLock } from '../../src/base/file-lock.ts';
import { isFreePort } from './free-port.ts';
import { rebalance, startHaproxy } from './haproxy.ts';
import { startNatsServer } from './nats-server.ts';
import { startRedisServer } from './redis-server.ts';
import { replicaProcess } from './replica-process.ts';
import type { ServerProcess } from './server-process.ts';
import { watchFolder } from './watchdog.ts';

/** One Redis has as many databases, and each replica has one. */
export const REPLICAS_MAX = 16;

export interface ClusterOptions {
  /** 1 to `REPLICAS_MAX`. */
  readonly replicas: number;
  /**
   * Further settings of every replica. With `FAIRSIEVE_STORE` as `sqlite` there is neither Redis nor NATS, and the replicas know
   * nothing of each other: to try the balancer by itself.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where all data are, to be used again, by one cluster at a time; a temporary one, which goes with the cluster, if absent. */
  readonly folder?: string;
  /** The balancer's; a free one if absent. */
  readonly port?: number;
}

/** Disposing it kills everything at once. */
export interface Cluster extends AsyncDisposable {
  /** The balancer's. */
  readonly url: string;
  readonly haproxy: ServerProcess;
  readonly redis: ServerProcess | undefined;
  readonly nats: ServerProcess | undefined;
  /** In order of their names; those that have been stopped too. */
  readonly replicas: readonly ServerProcess[];
  /** Starts one more, with `env` in place of settings that all have, and resolves when the balancer gives it work. */
  add(env?: ClusterOptions['env']): Promise<ServerProcess>;
  /** Stops all in order, the replicas first; rejects with what did not end as it should. */
  stop(): Promise<void>;
}

const SERVING_MS_MAX = 60_000;
const SERVING_POLL_MS = 20;

/** Resolves when the balancer gives work to every replica. Rejects, with nothing touched, if the folder or the port is in use. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();
  const folder = options.folder ?? (await mkdtemp(path.join(os.tmpdir(), 'fairsieve-cluster-')));
  if (options.folder === undefined) {
    watchFolder(folder);
    stack.defer(() => rm(folder, { recursive: true, force: true }));
  }
  const lock = takeFileLock(path.join(folder, 'owner.lock'), 0);
  if (!lock) throw new Error(`Cannot use the data folder ${folder}: another cluster is using it`);
  stack.use(lock);
  // Before all the others are started for nothing.
  if (options.port !== undefined && !(await isFreePort(options.port)))
    throw new Error(`Cannot listen on 127.0.0.1:${options.port}: the port is in use`);
  const redisFolder = path.join(folder, 'redis');
  await mkdir(redisFolder, { recursive: true });
  await chmod(redisFolder, 0o700);

  const { FAIRSIEVE_STORE: store = 'redis', ...settings } = options.env ?? {};
  const together = store === 'redis';
  const redis = together ? stack.use(await startRedisServer(redisFolder)) : undefined;
  const nats = together ? stack.use(await startNatsServer()) : undefined;
  const replicas: ServerProcess[] = [];
  const newReplica = async (own: ClusterOptions['env'] = {}): Promise<ServerProcess> => {
    const name = `replica-${replicas.length + 1}`;
    const env = {
      FAIRSIEVE_SECRET_FILE: path.join(folder, 'callback-secrets.json'),
      ...settings,
      ...(redis && nats && settingsOf(name, redis, nats)),
      ...own,
    };
    const replica = await replicaProcess(name, folder, env);
    replicas.push(replica);
    return replica;
  };
  while (replicas.length < options.replicas) stack.use(await newReplica());
  replicas.forEach((replica) => replica.begin());
  const haproxy = stack.use(await startHaproxy(folder, replicas, options.port));
  await Promise.all(replicas.map((replica) => replica.ready()));
  await allServe(haproxy, replicas);

  const kept = stack.move();
  return {
    url: haproxy.url,
    haproxy,
    redis,
    nats,
    replicas,
    add: async (env) => {
      const replica = kept.use(await newReplica(env));
      await replica.start();
      await rebalance(haproxy, folder, replicas);
      await allServe(haproxy, [replica]);
      return replica;
    },
    stop: async () => {
      const ended = await Promise.all(
        replicas.map(async (replica) => [replica.name, await replica.stop()] as const),
      );
      for (const server of [haproxy, nats, redis]) await server?.stop();
      const wrong = ended.filter(([, { code, signal }]) => code !== 0 && (code !== null || signal !== null));
      if (wrong.length > 0) throw new Error(`These did not end with code 0: ${JSON.stringify(wrong)}`);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What makes a replica one of this cluster. */
function settingsOf(name: string, redis: ServerProcess, nats: ServerProcess): Record<string, string> {
  return {
    FAIRSIEVE_STORE: 'redis',
    FAIRSIEVE_REDIS_HOST: '127.0.0.1',
    FAIRSIEVE_REDIS_PORT: String(redis.port),
    FAIRSIEVE_NATS_URL: nats.url,
    FAIRSIEVE_REPLICA_NAME: name,
  };
}

/** Resolves when the balancer has had answers that they are ready from all of these. */
async function allServe(haproxy: ServerProcess, replicas: readonly ServerProcess[]): Promise<void> {
  const missing = new Set(replicas.map(({ name }) => name));
  const endMs = performance.now() + SERVING_MS_MAX;
  while (missing.size > 0) {
    const served = await readyReplica(haproxy.url);
    if (served !== undefined && missing.delete(served)) continue;
    if (performance.now() > endMs)
      throw new Error(`The balancer gives no work to ${[...missing].join(', ')}:\n${haproxy.output}`);
    await sleep(SERVING_POLL_MS);
  }
}

/** The name of a replica that says that it is ready. */
async function readyReplica(url: string): Promise<string | undefined> {
  try {
    // One that went to a replica that is paused would be waited for until the balancer gives it up.
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await response.bytes();
    return response.ok ? (response.headers.get('served-by') ?? undefined) : undefined;
  } catch {
    // A balancer that reads its configuration again closes idle connections.
    return undefined;
  }
}
