/** Load from a fixed number of connections, each of which asks again as soon as it is answered: finds the highest rate. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpConnection } from '../../src/loadgen/http-connection.ts';
import { Samples } from './samples.ts';
import { isSuccess } from '../../src/loadgen/request-text.ts';

export interface ClosedLoopOptions {
  readonly url: string;
  readonly connections: number;
  readonly durationMs: number;
  /** The next request to send. */
  readonly next: () => string;
  /** For each success; `body` is overwritten after the call. */
  readonly onSuccess?: (body: Buffer) => void;
}

export interface ClosedLoopReport {
  readonly succeeded: number;
  readonly failed: number;
  readonly perSecond: number;
  readonly latencyMs: Samples;
}

/** How long answers still missing at the end are waited for. */
const LATE_MS_MAX = 10_000;

export async function runClosedLoop(options: ClosedLoopOptions): Promise<ClosedLoopReport> {
  const { url, connections: count, durationMs, next, onSuccess } = options;
  const connections = Array.from({ length: count }, () => new HttpConnection(url));
  const latencyMs = new Samples();
  let succeeded = 0;
  let failed = 0;
  let asking = count;
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  let lastMs = startMs;
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();

  const ask = (connection: HttpConnection): void => {
    const sentMs = performance.now();
    if (sentMs >= endMs) {
      if (--asking === 0) finish();
      return;
    }
    connection.exchange(next(), (end) => {
      lastMs = performance.now();
      latencyMs.add(lastMs - sentMs);
      if (end.kind === 'answered' && isSuccess(end.status)) {
        succeeded++;
        onSuccess?.(end.body);
      } else failed++;
      // A connection that was refused is refused at once: not in the same turn, or it would never end.
      if (end.kind === 'broken') setImmediate(ask, connection);
      else ask(connection);
    });
  };
  connections.forEach(ask);
  const late = new AbortController();
  await Promise.race([
    finished,
    sleep(durationMs + LATE_MS_MAX, undefined, { signal: late.signal }).catch(() => undefined),
  ]);
  late.abort();
  // Breaks what is still open, and that counts as failed.
  for (const connection of connections) connection[Symbol.dispose]();
  return { succeeded, failed, perSecond: (succeeded / (lastMs - startMs)) * 1000, latencyMs };
}
