/** How this replica sees its cluster, as gauges for Prometheus; read when they are asked for. */
import { Gauge, type Registry } from 'prom-client';
import type { ClusterStatus } from '../service/cluster/cluster.ts';

interface Metric {
  readonly name: string;
  readonly help: string;
  /** Undefined while it cannot be known: then the gauge has no sample. */
  readonly read: (status: ClusterStatus) => number | undefined;
}

const GAUGES: readonly Metric[] = [
  { name: 'cluster_peers', help: 'Other replicas that this one hears.', read: (s) => s.peers.length },
  {
    name: 'cluster_databases_orphaned',
    help: 'Databases that hold data and have no replica that this one hears.',
    read: (s) => s.orphans?.length,
  },
  {
    name: 'cluster_unheard',
    help: 'Replicas that have databases of the same Redis and that this one does not hear.',
    read: (s) => s.unheard?.length,
  },
  {
    name: 'bus_connected',
    help: '1: the bus to the other replicas is.',
    read: (s) => Number(s.busConnected),
  },
  // Whose databases hold data is asked of Redis each time.
  { name: 'redis_connected', help: '1: Redis answers.', read: (s) => Number(s.orphans !== undefined) },
];

/** Registers the gauges with `registry`; `read` is called at each scrape. */
export function keepClusterMetrics(registry: Registry, read: () => Promise<ClusterStatus>): void {
  for (const gauge of GAUGES) {
    registry.registerMetric(
      new Gauge({
        name: `fairsieve_${gauge.name}`,
        help: gauge.help,
        registers: [],
        async collect() {
          const value = gauge.read(await read());
          if (value === undefined) this.remove();
          else this.set(value);
        },
      }),
    );
  }
}
