/**
 * Counts and times of HTTP requests by route, for Prometheus.
 *
 * They are kept in plain arrays and handed to prom-client only when someone looks: its own histogram looks up a series by
 * its labels at each observation, which costs a tenth of what answering a request does.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { onResponseHookHandler } from 'fastify';
import type { ConnectionCounts } from './connection-bound.ts';
import type { HttpApp } from './http-context.ts';

/** Upper bounds in seconds; what is above all of them counts for `+Inf` alone. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5] as const;

/** The times of one route with one status. */
interface Series {
  readonly labels: { readonly method: string; readonly route: string; readonly status: string };
  /** `counts[i]` requests took at most `BOUNDS[i]` and more than the bound before; the last entry is of those beyond. */
  readonly counts: number[];
  sumSeconds: number;
}

interface OpenCounts {
  readonly connections: Readonly<ConnectionCounts>;
  readonly waiting: () => number;
}

/** Registers the metrics with `registry` and keeps them for all routes of `app` that are added from here on. */
export function keepHttpMetrics(app: HttpApp, registry: Registry, open: OpenCounts): void {
  const series: Series[] = [];
  const openSeries = (method: string, route: string, status: number): Series => {
    const opened = {
      labels: { method, route, status: String(status) },
      counts: Array.from({ length: BOUNDS.length + 1 }, () => 0),
      sumSeconds: 0,
    };
    series.push(opened);
    return opened;
  };

  app.addHook('onRoute', (route) => {
    const byStatus = new Map<number, Series>();
    const method = String(route.method);
    const record: onResponseHookHandler = (_request, reply, done) => {
      let times = byStatus.get(reply.statusCode);
      if (times === undefined)
        byStatus.set(reply.statusCode, (times = openSeries(method, route.url, reply.statusCode)));
      const seconds = reply.elapsedTime / 1000;
      times.sumSeconds += seconds;
      let i = 0;
      while (i < BOUNDS.length && seconds > (BOUNDS[i] ?? 0)) i++;
      times.counts[i] = (times.counts[i] ?? 0) + 1;
      done();
    };
    route.onResponse = record;
  });
  register(registry, series, open);
}

function register(registry: Registry, series: readonly Series[], open: OpenCounts): void {
  const name = 'fairsieve_http_request_duration_seconds';
  const labelNames = ['method', 'route', 'status'];
  const what =
    'Time from the headers of a request to the end of its answer; event streams last as long as they are open';
  registry.registerMetric(
    new Counter({
      name: `${name}_bucket`,
      help: `${what}: requests within le.`,
      labelNames: [...labelNames, 'le'],
      registers: [],
      collect() {
        this.reset();
        for (const { labels, counts } of series) {
          let within = 0;
          for (const [i, count] of counts.entries()) {
            within += count;
            this.inc({ ...labels, le: BOUNDS[i] ?? '+Inf' }, within);
          }
        }
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: `${name}_count`,
      help: `${what}: requests.`,
      labelNames,
      registers: [],
      collect() {
        this.reset();
        for (const { labels, counts } of series)
          this.inc(
            labels,
            counts.reduce((sum, count) => sum + count),
          );
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: `${name}_sum`,
      help: `${what}: seconds.`,
      labelNames,
      registers: [],
      collect() {
        this.reset();
        for (const { labels, sumSeconds } of series) this.inc(labels, sumSeconds);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'fairsieve_http_connections',
      help: 'Open connections.',
      registers: [],
      collect() {
        this.set(open.connections.open);
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'fairsieve_http_connections_refused_total',
      help: 'Connections closed at once, since there were too many, or too many from one address.',
      registers: [],
      collect() {
        this.reset();
        this.inc(open.connections.refused);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'fairsieve_http_waiters',
      help: 'Requests held open by long-polls, inline waits and event streams.',
      registers: [],
      collect() {
        this.set(open.waiting());
      },
    }),
  );
}
