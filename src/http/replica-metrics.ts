/** The gauges and counters of the work itself, for Prometheus; read when they are asked for. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ReplicaStats } from '../service/replica-stats.ts';

const GAUGES: readonly {
  readonly name: string;
  readonly help: string;
  readonly read: (stats: ReplicaStats) => number;
}[] = [
  { name: 'requests_waiting', help: 'Requests accepted and not ended.', read: (s) => s.waiting },
  { name: 'requests_loaded', help: 'Waiting requests held in memory.', read: (s) => s.loaded },
  { name: 'callers', help: 'Callers with requests in memory.', read: (s) => s.callers },
  { name: 'workers', help: 'Compute threads.', read: (s) => s.workers },
  { name: 'workers_busy', help: 'Compute threads with work.', read: (s) => s.busyWorkers },
  {
    name: 'place_bytes',
    help: 'Memory of long jobs that are begun and not finished.',
    read: (s) => s.placeBytes,
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
  registry.registerMetric(
    new Counter({
      name: 'fairsieve_requests_accepted_total',
      help: 'Requests accepted.',
      registers,
      collect() {
        this.reset();
        this.inc(read().accepted);
      },
    }),
  );
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
  registry.registerMetric(
    new Counter({
      name: 'fairsieve_workers_broken_total',
      help: 'Compute threads that had to be replaced.',
      registers,
      collect() {
        this.reset();
        this.inc(read().brokenWorkers);
      },
    }),
  );
}
