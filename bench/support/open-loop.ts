/**
 * Load that arrives when it was planned to, whatever the server does: a Poisson process.
 *
 * Latencies count from the planned moment, so that a server that stalls is charged for everything that should have been asked
 * meanwhile (no coordinated omission), and so is a generator that could not keep up; how far it lagged is reported.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpConnection } from '../../src/loadgen/http-connection.ts';
import { Samples } from './samples.ts';
import { isSuccess } from '../../src/loadgen/request-text.ts';

export interface Arrival {
  readonly request: string;
  /** Told how the exchange ended, and how long after its planned moment. */
  readonly onAnswer: (success: boolean, latencyMs: number, body: Buffer) => void;
}

export interface OpenLoopOptions {
  readonly url: string;
  /** Most exchanges at a time; what arrives beyond them waits its turn. */
  readonly connections: number;
  readonly perSecond: number;
  readonly durationMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly next: () => Arrival;
}

export interface OpenLoopReport {
  readonly sent: number;
  /** From the planned moment to the moment at which the generator got round to it. */
  readonly lagMs: Samples;
}

interface Planned extends Arrival {
  readonly plannedMs: number;
}

/** How long answers still missing at the end are waited for. */
const LATE_MS_MAX = 10_000;
const TICK_MS = 1;
const NOTHING = Buffer.alloc(0);

export async function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoopReport> {
  const { url, connections: count, perSecond, durationMs, random, next } = options;
  const connections = Array.from({ length: count }, () => new HttpConnection(url));
  const free = [...connections];
  const waiting: Planned[] = [];
  const lagMs = new Samples();
  const gapMs = (): number => (-Math.log(1 - random()) / perSecond) * 1000;

  const send = (connection: HttpConnection, { request, onAnswer, plannedMs }: Planned): void => {
    connection.exchange(request, (end) => {
      const isDone = end.kind === 'answered' && isSuccess(end.status);
      onAnswer(isDone, performance.now() - plannedMs, end.kind === 'answered' ? end.body : NOTHING);
      const following = waiting.shift();
      if (following === undefined) free.push(connection);
      else send(connection, following);
    });
  };

  const startMs = performance.now();
  const endMs = startMs + durationMs;
  let sent = 0;
  let plannedMs = startMs + gapMs();
  while (plannedMs < endMs) {
    for (const nowMs = performance.now(); plannedMs <= Math.min(nowMs, endMs); plannedMs += gapMs()) {
      const planned = { ...next(), plannedMs };
      sent++;
      lagMs.add(nowMs - plannedMs);
      const connection = free.pop();
      if (connection) send(connection, planned);
      else waiting.push(planned);
    }
    await sleep(TICK_MS);
  }
  while (free.length < count && performance.now() < endMs + LATE_MS_MAX) await sleep(TICK_MS);
  // Breaks what is still open, and that counts as failed; so does what never got a connection.
  const never = waiting.splice(0);
  for (const connection of connections) connection[Symbol.dispose]();
  for (const planned of never) planned.onAnswer(false, performance.now() - planned.plannedMs, NOTHING);
  return { sent, lagMs };
}
