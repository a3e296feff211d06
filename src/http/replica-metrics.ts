/** The gauges and counters of the work itself, for Prometheus; read when they are asked for. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ReplicaStats } from '../service/replica-stats.ts';

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly read: (stats: ReplicaStats) => number;
}

const GAUGES: readonly Metric[] = [
  { name: 'requests_waiting', help: 'Requests accepted and not ended.', read: (s) => s.waiting },
  { name: 'requests_loaded', help: 'Waiting requests held in memory.', read: (s) => s.loaded },
  {
    name: 'guests',
    help: 'Numbers posted as values whose clients wait for their factors.',
    read: (s) => s.guests,
  },
  { name: 'callers', help: 'Callers with requests in memory.', read: (s) => s.callers },
  { name: 'workers', help: 'Compute threads.', read: (s) => s.workers },
  { name: 'workers_busy', help: 'Compute threads with work.', read: (s) => s.busyWorkers },
  {
    name: 'place_bytes',
    help: 'Memory of long jobs that are begun and not finished.',
    read: (s) => s.placeBytes,
  },
  {
    name: 'callbacks_waiting',
    help: 'Callbacks due now or later that are held in memory.',
    read: (s) => s.callbacks.waiting,
  },
  {
    name: 'callback_attempts_under_way',
    help: 'Attempts to call back under way.',
    read: (s) => s.callbacks.underWay,
  },
];

const COUNTERS: readonly Metric[] = [
  { name: 'requests_accepted_total', help: 'Requests accepted.', read: (s) => s.accepted },
  {
    name: 'values_kept_total',
    help: 'Values kept by calls that were answered with them.',
    read: (s) => s.valuesKept,
  },
  {
    name: 'workers_broken_total',
    help: 'Compute threads that had to be replaced.',
    read: (s) => s.brokenWorkers,
  },
  {
    name: 'callback_attempts_total',
    help: 'Attempts to call back.',
    read: (s) => s.callbackCounts.attempts,
  },
  {
    name: 'callbacks_delivered_total',
    help: 'Callbacks that were taken.',
    read: (s) => s.callbackCounts.delivered,
  },
  {
    name: 'callbacks_dead_total',
    help: 'Callbacks given up.',
    read: (s) => s.callbackCounts.dead,
  },
];

/** Registers the metrics with `registry`; `read` is called at each scrape. */
export function keepReplicaMetrics(registry: Registry, read: () => ReplicaStats): void {
  const registers: never[] = [];
  for (const gauge of GAUGES) {
    registry.registerMetric(
      new Gauge({
        name: `fairsieve_${gauge.name}`,
        help: gauge.help,
        registers,
        collect() {
          this.set(gauge.read(read()));
        },
      }),
    );
  }
  for (const counter of COUNTERS) {
    registry.registerMetric(
      new Counter({
        name: `fairsieve_${counter.name}`,
        help: counter.help,
        registers,
        collect() {
          this.reset();
          this.inc(counter.read(read()));
        },
      }),
    );
  }
  registry.registerMetric(
    new Counter({
      name: 'fairsieve_requests_ended_total',
      help: 'Requests ended, by how.',
      labelNames: ['status'],
      registers,
      collect() {
        this.reset();
        for (const [status, count] of Object.entries(read().ended)) this.inc({ status }, count);
      },
    }),
  );
}
