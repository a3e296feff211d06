/**
 * Load of any requests that arrives when it was planned to, whatever the server does: with the plan, the clock and the connections of
 * `fairsieve load`.
 *
 * Latencies count from the planned moment, so that a server that stalls is charged for everything that should have been asked
 * meanwhile (no coordinated omission), and so is a generator that could not keep up; how far it lagged is reported.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import { arrivalMoments } from '../../src/loadgen/arrival-plan.ts';
import { ConnectionPool } from '../../src/loadgen/connection-pool.ts';
import { followPlan } from '../../src/loadgen/follow-plan.ts';
import type { Pace } from '../../src/loadgen/load-options.ts';
import { isSuccess } from '../../src/loadgen/request-text.ts';
import { Samples } from './samples.ts';

export interface Arrival {
  readonly request: string;
  /** Told how the exchange ended, and how long after its planned moment. `body` is overwritten after the call. */
  readonly onAnswer: (success: boolean, latencyMs: number, body: Buffer) => void;
}

export interface OpenLoopOptions {
  readonly url: string;
  /** Most exchanges at a time; what arrives beyond them waits its turn. */
  readonly connections: number;
  readonly perSecond: number;
  readonly arrivals: Extract<Pace, { readonly kind: 'open' }>['arrivals'];
  readonly durationMs: number;
  readonly seed: number;
  readonly next: () => Arrival;
}

export interface OpenLoopReport {
  readonly sent: number;
  /** From the planned moment to the moment at which the generator got round to it. */
  readonly lagMs: Samples;
}

/** How long answers still missing at the end are waited for. */
const LATE_MS_MAX = 10_000;
const LOOK_EVERY_MS = 1;
const NOTHING = Buffer.alloc(0);

export async function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoopReport> {
  const { url, connections, perSecond, arrivals, durationMs, seed, next } = options;
  const pace = { kind: 'open', perSecond, arrivals } as const;
  const nextMoment = arrivalMoments({ pace, durationMs, rampMs: 0, spikes: [], seed });
  const pool = new ConnectionPool(url, connections);
  const lagMs = new Samples();
  const open = { count: 0 };
  const startMs = systemClock.monotonicMs();
  const { promise: hasSentAll, resolve: onEnd } = Promise.withResolvers<void>();
  followPlan({
    nextMs: () => startMs + nextMoment(),
    onArrival: (plannedMs, nowMs) => {
      lagMs.add(nowMs - plannedMs);
      const { request, onAnswer } = next();
      open.count++;
      pool.exchange(request, (end) => {
        open.count--;
        const isDone = end.kind === 'answered' && isSuccess(end.status);
        const latencyMs = systemClock.monotonicMs() - plannedMs;
        onAnswer(isDone, latencyMs, end.kind === 'answered' ? end.body : NOTHING);
      });
    },
    onEnd,
  });
  await hasSentAll;
  const endMs = startMs + durationMs + LATE_MS_MAX;
  while (open.count > 0 && systemClock.monotonicMs() < endMs) await sleep(LOOK_EVERY_MS);
  // Breaks what is still open, and that counts as failed; so does what never got a connection.
  pool.end('too late');
  return { sent: lagMs.count, lagMs };
}
