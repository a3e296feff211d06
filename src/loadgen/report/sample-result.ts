/** For tests: a load as it might have gone, the same each time. */
import type { LoadOptions } from '../load-options.ts';
import type {
  CallbackResult,
  CallerResult,
  Distribution,
  EndpointResult,
  LoadResult,
  SecondResult,
} from '../load-result.ts';

export const NOTHING_MEASURED: Distribution = distribution([]);

/** Exact percentiles by nearest rank. */
export function distribution(values: readonly number[]): Distribution {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (percentile: number): number =>
    sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length) - 1)] ?? 0;
  const mean = sorted.reduce((a, b) => a + b, 0) / (sorted.length || 1);
  const percentiles = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100];
  return {
    count: sorted.length,
    min: at(0),
    mean,
    p50: at(50),
    p90: at(90),
    p95: at(95),
    p99: at(99),
    p999: at(99.9),
    max: at(100),
    curve: sorted.length === 0 ? [] : percentiles.map((percentile) => [percentile, at(percentile)] as const),
  };
}

/** Like those of a service: most near `middle`, a few far above. */
function latencies(count: number, middle: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const q = (i + 0.5) / count;
    return middle * (0.5 + q + 0.02 / (1 - q) ** 0.6);
  });
}

export const SAMPLE_OPTIONS: LoadOptions = {
  urls: ['http://127.0.0.1:8080'],
  apiKey: undefined,
  mode: 'mixed',
  pace: { kind: 'open', perSecond: 100, arrivals: 'poisson' },
  durationMs: 30_000,
  rampMs: 0,
  spikes: [],
  callers: 5,
  runId: 'k3f9a',
  skew: 'one-hog',
  digits: { min: 18, max: 40 },
  seed: 7,
  wait: 'long-poll',
  receiver: { host: '127.0.0.1', port: 0, publicUrl: undefined },
  secretOf: undefined,
  graceMs: 30_000,
  threads: 1,
  connectionsMax: 256,
};

export function sampleEndpoint(overrides: Partial<EndpointResult> = {}): EndpointResult {
  return {
    endpoint: 'POST /sync',
    sent: 750,
    succeeded: 750,
    failed: {},
    notAnswered: 0,
    late: 0,
    latency: distribution(latencies(750, 4)),
    ...overrides,
  };
}

export function sampleCallbacks(overrides: Partial<CallbackResult> = {}): CallbackResult {
  return {
    promised: 750,
    received: 750,
    missing: 0,
    twice: 0,
    badlySigned: 0,
    unverified: 0,
    gaps: 0,
    overtaken: 3,
    fromAcceptance: distribution(latencies(750, 20)),
    fromCompletion: distribution(latencies(750, 3)),
    ...overrides,
  };
}

/** The first of them sends nine tenths. */
export function sampleCallers(count: number): CallerResult[] {
  return Array.from({ length: count }, (_, i): CallerResult => {
    const sent = i === 0 ? 2_700 : Math.max(1, Math.round(300 / (count - 1)));
    return {
      callerId: `load-${i + 1}`,
      sent,
      timed: sent,
      done: sent,
      unfinished: 0,
      waiting: distribution(latencies(sent, i === 0 ? 90 : 2 + (i % 7))),
      cpuMs: sent * 3,
      cpuShare: sent / 3_000,
    };
  });
}

export function sampleSeconds(count: number): SecondResult[] {
  return Array.from({ length: count }, (_, second): SecondResult => {
    const wave = 1 + 0.2 * Math.sin(second * 1.7) + 0.1 * Math.sin(second * 5.3);
    return {
      second,
      planned: Math.round(100 * (1 + 0.1 * Math.sin(second * 2.9))),
      answered: Math.round(170 * wave),
      failed: 0,
      done: Math.round(100 * wave),
      p50: 3 * wave,
      p99: 14 * wave * wave,
      max: 40 * wave ** 3,
    };
  });
}

export function sampleResult(overrides: Partial<LoadResult> = {}): LoadResult {
  return {
    options: SAMPLE_OPTIONS,
    startedAt: '2026-01-02T03:04:05.678Z',
    elapsedMs: 31_200,
    interrupted: false,
    planned: 3_000,
    distinctNumbers: 4_096,
    sent: 3_000,
    accepted: 3_000,
    done: 3_000,
    unfinished: 0,
    lost: 0,
    wrong: 0,
    wrongExamples: [],
    endpoints: [
      sampleEndpoint({ endpoint: 'POST /requests' }),
      sampleEndpoint(),
      sampleEndpoint({ endpoint: 'POST /async', latency: distribution(latencies(750, 2)) }),
      sampleEndpoint({ endpoint: 'POST /values', latency: distribution(latencies(750, 7)) }),
      sampleEndpoint({
        endpoint: 'GET result',
        sent: 800,
        succeeded: 800,
        latency: distribution(latencies(800, 12)),
      }),
    ],
    timeToResult: distribution(latencies(3_000, 15)),
    callbacks: sampleCallbacks(),
    callers: sampleCallers(5),
    fairness: { jainIndex: 0.998, worstWaitMs: 640, worstWaitCaller: 'load-1' },
    seconds: sampleSeconds(31),
    generator: {
      threads: 1,
      cores: 0.12,
      receiverCores: 0.02,
      lag: distribution(latencies(3_000, 0.05)),
      dropped: 0,
      connectionWaits: 0,
    },
    ...overrides,
  };
}

/** A load that was never answered. */
export function emptyResult(): LoadResult {
  const silent = sampleEndpoint({ succeeded: 0, notAnswered: 750, latency: NOTHING_MEASURED });
  return sampleResult({
    accepted: 0,
    done: 0,
    endpoints: [silent],
    timeToResult: NOTHING_MEASURED,
    callbacks: sampleCallbacks({
      promised: 0,
      received: 0,
      overtaken: 0,
      fromAcceptance: NOTHING_MEASURED,
      fromCompletion: NOTHING_MEASURED,
    }),
    callers: sampleCallers(1).map((caller) => ({
      ...caller,
      done: 0,
      waiting: NOTHING_MEASURED,
      cpuMs: 0,
      cpuShare: 0,
    })),
    fairness: { jainIndex: undefined, worstWaitMs: 0, worstWaitCaller: undefined },
    seconds: sampleSeconds(31).map((second) => ({ ...second, answered: 0, done: 0, p50: 0, p99: 0, max: 0 })),
  });
}
