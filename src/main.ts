/** The server program: puts the parts together, listens, and stops in order. With storage.ts, the only place that names adapters. */
import { existsSync } from 'node:fs';
import pino, { type Logger } from 'pino';
import { Registry } from 'prom-client';
import { ApiKeys } from './access/api-keys.ts';
import { errorMessage } from './base/error-message.ts';
import { moduleUrl } from './base/module-url.ts';
import { systemClock } from './base/clock.ts';
import { ConfigError, readConfig } from './config.ts';
import { busyShareMeter } from './base/busy-share.ts';
import { randomBytes, randomFraction } from './base/random.ts';
import type { CallbackOutcome } from './callbacks/callback-outcome.ts';
import { CallbackSecrets, makeSecretFile } from './callbacks/callback-secret-file.ts';
import { Dialer } from './callbacks/dialer.ts';
import { postCallback } from './callbacks/post-callback.ts';
import { signatureHeaders } from './callbacks/signing.ts';
import { callbackJson } from './http/request-json.ts';
import { buildApp } from './http/build-app.ts';
import { WorkerPool } from './engine/worker-pool.ts';
import { estimateCpuMs } from './kernel/estimate.ts';
import { createKernel, loadKernelModule } from './kernel/load-kernel.ts';
import { keepReplicaMetrics } from './http/replica-metrics.ts';
import { PromptService } from './service/prompt-service.ts';
import type { Callback } from './service/callback.ts';
import { Replica } from './service/replica.ts';
import { openStorage, type Joined } from './storage.ts';

/** Open connections get this long to finish what they are at; then they are cut. */
const CLOSE_MS_MAX = 5_000;
/** Beyond what is handed over, everything has this long to end; then the process does. */
const STOP_MS_MAX = 10_000;
/** A thread that makes no headway for this long is taken for hung. */
const WORKER_HANG_MS = 30_000;
const WORKER_HEAP_MIB = 512;

/**
 * Serves until SIGTERM or SIGINT, tells balancers so for a while, then stops accepting, answers what is in flight, keeps what running jobs found, and resolves.
 * Throws a ConfigError, a StateFileError or a StoreError when it can't start. Ends the process with code 70 when it can't go on.
 */
export async function serve(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const config = readConfig(env);
  const logger = pino({ level: config.logLevel }, pino.destination(2));
  const fatal = (error: unknown): void => {
    logger.fatal({ err: error }, 'cannot go on; what was accepted is on disk, start me again');
    process.exit(70);
  };

  const module = await loadKernelModule();
  const keys =
    config.apiKeysFile === undefined
      ? undefined
      : new ApiKeys({
          file: config.apiKeysFile,
          clock: systemClock,
          onFault: (error) => logger.error({ err: error }, 'the API keys stay as they were'),
        });
  // Let go in any case: its thread would keep up a process that could not start.
  await using storage = await openStorage(config, { logger, onFatal: fatal });
  const { store, shard, joined } = storage;
  const cluster = joined?.cluster;
  if (!existsSync(config.secretFile))
    logger.info({ file: config.secretFile }, 'there is no master key for callbacks: a new one is made');
  makeSecretFile(config.secretFile, randomBytes);
  const secrets = new CallbackSecrets({
    file: config.secretFile,
    clock: systemClock,
    onFault: (error) => logger.error({ err: error }, 'the secrets of callbacks stay as they were'),
  });
  const dialer = new Dialer({
    policy: config.callbackPolicy,
    ...(config.callbackDns && { dnsServers: config.callbackDns }),
  });
  const send = ({ url, id, request }: Callback, signal: AbortSignal): Promise<CallbackOutcome> => {
    const body = callbackJson(request);
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'fairsieve',
      ...signatureHeaders({ id, body }, secrets.signingFor(request.callerId), systemClock.wallMs()),
    };
    return postCallback({ url, headers, body }, { dialer, clock: systemClock, signal });
  };
  const engine = new WorkerPool({
    workers: config.workers,
    workerUrl: moduleUrl('./engine/worker', import.meta.url),
    module,
    hangMs: WORKER_HANG_MS,
    heapMiB: WORKER_HEAP_MIB,
    onBroken: (reason) => logger.error({ reason }, 'a worker thread was replaced'),
    onUnstartable: (reason) => fatal(new Error(`Cannot start a worker thread: ${reason}`)),
  });
  await using replica = new Replica({
    store,
    shard,
    engine,
    kernel: createKernel(module),
    expectedCpuMs: estimateCpuMs,
    clock: systemClock,
    ...config,
    callbacks: { send, settings: config.deliveries, random: randomFraction, busyShare: busyShareMeter() },
    ...(cluster && { renewals: cluster.renewals }),
    onFatal: fatal,
  });
  await Promise.all([replica.start(), engine.ready()]);

  const metrics = new Registry();
  keepReplicaMetrics(metrics, () => replica.stats());
  const app = buildApp({
    service: joined
      ? new PromptService(
          joined.cluster.open(replica, () => secrets.fingerprint),
          systemClock,
          () => joined.isOurs(),
        )
      : replica,
    config,
    metrics,
    logger,
    ...(keys && { access: { keys, secretsOf: (callerId) => secrets.of(callerId) } }),
    ...(cluster && { clusterStatus: () => cluster.status() }),
  });
  const stopped = firstSignal(['SIGTERM', 'SIGINT']);
  const address = await app.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
    throw new ConfigError(`Cannot listen on ${config.host}, port ${config.port}: ${errorMessage(error)}`);
  });
  process.stdout.write(`fairsieve listens on ${address}\n`);

  const signal = await stopped;
  logger.info({ signal }, 'stopping');
  replica.announceStop();
  await systemClock.sleep(config.drainDelayMs);
  // What Redis does not take cannot be waited for without end.
  const late = setTimeout(() => {
    logger.fatal('could not stop in order in time; what was accepted is kept, start me again');
    process.exit(70);
  }, config.drainMs + STOP_MS_MAX);
  late.unref();
  replica.stopAccepting();
  if (joined) await leave(joined, replica, config.drainMs, logger);
  const cut = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS_MAX);
  await app.close();
  clearTimeout(cut);
  const { unwritten } = await replica.stop();
  if (unwritten > 0 && !joined)
    logger.warn(
      { unwritten },
      'there is no room to write all that was accepted; it is on disk, and the next start does',
    );
}

/** Hands everything over to the replicas that stay; until then this one still answers what it is asked. */
async function leave(joined: Joined, replica: Replica, drainMs: number, logger: Logger): Promise<void> {
  joined.cluster.leave();
  await replica.stop();
  const { left, ...handedOver } = await joined.handOver(drainMs);
  if (left === undefined) logger.info(handedOver, 'everything was handed over');
  else logger.warn({ ...handedOver, left }, 'the rest stays in the database for its next replica');
}

/** Resolves at the first of these signals. Later ones do nothing: one Ctrl-C may arrive twice, and stopping is bounded in time. */
function firstSignal(signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of signals) process.on(signal, () => resolve(signal));
  return promise;
}
