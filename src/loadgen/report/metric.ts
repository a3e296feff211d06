/** The numbers that a load is told and judged by: each metric by its name, and how it is read off a result. Pure. */
import { didYouMean } from '../../base/did-you-mean.ts';
import type { Distribution, Endpoint, LoadResult } from '../load-result.ts';

export type Unit = 'ms' | 'count' | 'per-second' | 'index' | 'cores';

export interface Metric {
  readonly name: string;
  readonly unit: Unit;
  /** Undefined where nothing was measured. */
  readonly read: (result: LoadResult) => number | undefined;
  /** What a count is a part of, for percentages. */
  readonly whole?: (result: LoadResult) => number;
}

type Read<T> = (result: LoadResult) => T;

/** By the names that endpoints have in assertions. */
const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  requests: 'POST /requests',
  sync: 'POST /sync',
  async: 'POST /async',
  values: 'POST /values',
  fetch: 'GET result',
};

/** What a `.p99` and its like can be taken of. */
const DISTRIBUTIONS: Readonly<Record<string, Read<Distribution | undefined>>> = {
  ...Object.fromEntries(
    Object.entries(ENDPOINTS).map(([name, endpoint]) => [
      name,
      ({ endpoints }: LoadResult) => endpoints.find((one) => one.endpoint === endpoint)?.latency,
    ]),
  ),
  result: ({ timeToResult }) => timeToResult,
  callback: ({ callbacks }) => callbacks?.fromAcceptance,
  delivery: ({ callbacks }) => callbacks?.fromCompletion,
  lag: ({ generator }) => generator.lag,
};

const STATISTICS: Readonly<Record<string, Exclude<keyof Distribution, 'curve' | 'count'>>> = {
  min: 'min',
  mean: 'mean',
  p50: 'p50',
  p90: 'p90',
  p95: 'p95',
  p99: 'p99',
  'p99.9': 'p999',
  max: 'max',
};

const ofEndpoints = (read: (endpoint: LoadResult['endpoints'][number]) => number): Read<number> => {
  return ({ endpoints }) => endpoints.reduce((sum, endpoint) => sum + read(endpoint), 0);
};

export const failedCount = ofEndpoints(({ failed }) => Object.values(failed).reduce((a, b) => a + b, 0));
export const unansweredCount = ofEndpoints(({ notAnswered }) => notAnswered);
export const lateCount = ofEndpoints(({ late }) => late);
/** Of all endpoints, fetching included, unlike `sent` of the result. */
export const exchangeCount = ofEndpoints(({ sent }) => sent);

const planned: Read<number> = (result) => result.planned;
const accepted: Read<number> = (result) => result.accepted;
const promised: Read<number> = ({ callbacks }) => callbacks?.promised ?? 0;

/** Each with what a percentage of it is of. */
const COUNTS: Readonly<Record<string, readonly [Read<number | undefined>, Read<number>]>> = {
  planned: [planned, planned],
  dropped: [({ generator }) => generator.dropped, planned],
  sent: [({ sent }) => sent, planned],
  accepted: [accepted, ({ sent }) => sent],
  done: [({ done }) => done, accepted],
  unfinished: [({ unfinished }) => unfinished, accepted],
  lost: [({ lost }) => lost, accepted],
  wrong: [({ wrong }) => wrong, accepted],
  exchanges: [exchangeCount, exchangeCount],
  failed: [failedCount, exchangeCount],
  unanswered: [unansweredCount, exchangeCount],
  late: [lateCount, exchangeCount],
  'connection-waits': [({ generator }) => generator.connectionWaits, planned],
  promised: [({ callbacks }) => callbacks?.promised, accepted],
  received: [({ callbacks }) => callbacks?.received, promised],
  missing: [({ callbacks }) => callbacks?.missing, promised],
  twice: [({ callbacks }) => callbacks?.twice, promised],
  gaps: [({ callbacks }) => callbacks?.gaps, promised],
  overtaken: [({ callbacks }) => callbacks?.overtaken, promised],
  'badly-signed': [({ callbacks }) => callbacks?.badlySigned, promised],
  unverified: [({ callbacks }) => callbacks?.unverified, promised],
};

/** Per second of the whole load, the wait for the last answers included. */
const rateOf = (count: Read<number>): Read<number | undefined> => {
  return (result) => (result.elapsedMs > 0 ? (count(result) * 1000) / result.elapsedMs : undefined);
};

const RATES: Readonly<Record<string, Read<number | undefined>>> = {
  'sent.rate': rateOf(({ sent }) => sent),
  'accepted.rate': rateOf(accepted),
  'done.rate': rateOf(({ done }) => done),
};

/** CPU seconds per second. */
const CORES: Readonly<Record<string, Read<number | undefined>>> = {
  cores: ({ generator }) => generator.cores,
  'receiver-cores': ({ callbacks, generator }) => callbacks && generator.receiverCores,
};

/** The service tells waiting and CPU times of requests, not of values. */
export function hasWaitingTimes({ callers }: LoadResult): boolean {
  return callers.some(({ waiting }) => waiting.count > 0);
}

const ofFairness = (
  read: (fairness: LoadResult['fairness']) => number | undefined,
): Read<number | undefined> => {
  return (result) => (hasWaitingTimes(result) ? read(result.fairness) : undefined);
};

const METRICS: ReadonlyMap<string, Metric> = new Map(
  [
    ...Object.entries(DISTRIBUTIONS).flatMap(([name, read]) =>
      Object.entries(STATISTICS).map(([statistic, key]): Metric => {
        return { name: `${name}.${statistic}`, unit: 'ms', read: (result) => some(read(result), key) };
      }),
    ),
    ...Object.entries(COUNTS).map(([name, [read, whole]]): Metric => ({ name, unit: 'count', read, whole })),
    ...Object.entries(RATES).map(([name, read]): Metric => ({ name, unit: 'per-second', read })),
    ...Object.entries(CORES).map(([name, read]): Metric => ({ name, unit: 'cores', read })),
    { name: 'elapsed', unit: 'ms', read: ({ elapsedMs }) => elapsedMs } satisfies Metric,
    { name: 'jain', unit: 'index', read: ofFairness(({ jainIndex }) => jainIndex) } satisfies Metric,
    { name: 'worst-wait', unit: 'ms', read: ofFairness(({ worstWaitMs }) => worstWaitMs) } satisfies Metric,
  ].map((metric): [string, Metric] => [metric.name, metric]),
);

export const DISTRIBUTION_NAMES: readonly string[] = Object.keys(DISTRIBUTIONS);
export const STATISTIC_NAMES: readonly string[] = Object.keys(STATISTICS);
export const COUNT_NAMES: readonly string[] = Object.keys(COUNTS);
export const OTHER_METRIC_NAMES: readonly string[] = [
  ...Object.keys(RATES),
  ...Object.keys(CORES),
  'elapsed',
  'jain',
  'worst-wait',
];

/** What each metric is, by its name; those that were not measured are left out. */
export function measuredMetrics(result: LoadResult): Record<string, number> {
  const measured = [...METRICS.values()].map(({ name, read }) => [name, read(result)] as const);
  return Object.fromEntries(measured.filter(([, value]) => value !== undefined)) as Record<string, number>;
}

/** The metric of a name, or what is wrong with the name. */
export function findMetric(
  name: string,
):
  | { readonly kind: 'metric'; readonly metric: Metric }
  | { readonly kind: 'fault'; readonly reason: string } {
  const metric = METRICS.get(name);
  if (metric) return { kind: 'metric', metric };
  const [base = '', ...statistic] = name.split('.');
  if (Object.hasOwn(DISTRIBUTIONS, base))
    return {
      kind: 'fault',
      reason: `say which of ${base}: ${STATISTIC_NAMES.map((one) => `${base}.${one}`).join(', ')}${statistic.length > 0 ? `; not ${JSON.stringify(name)}` : ''}`,
    };
  return {
    kind: 'fault',
    reason: `there is no metric ${JSON.stringify(name)}${didYouMean(name, [...METRICS.keys()])}`,
  };
}

function some(
  distribution: Distribution | undefined,
  key: Exclude<keyof Distribution, 'curve'>,
): number | undefined {
  return distribution === undefined || distribution.count === 0 ? undefined : distribution[key];
}
