/** Adds up what the threads report. Pure. */
import { type HistogramData, LatencyHistogram } from './latency-histogram.ts';
import type { LoadOptions } from './load-options.ts';
import {
  type CallbackResult,
  type CallerResult,
  type Endpoint,
  type EndpointResult,
  ENDPOINTS,
  type LoadResult,
  type SecondResult,
} from './load-result.ts';
import { EXAMPLES_MAX } from './load-tally.ts';
import type { ReceiverReport } from './receiver-protocol.ts';
import type { SenderReport } from './sender-protocol.ts';

export interface Reports {
  readonly options: LoadOptions;
  readonly callerIds: readonly string[];
  readonly distinctNumbers: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly elapsedMs: number;
  readonly interrupted: boolean;
  readonly senders: readonly SenderReport[];
  readonly receiver: ReceiverReport | undefined;
  readonly seconds: readonly SecondResult[];
}

export function buildLoadResult(reports: Reports): LoadResult {
  const { options, distinctNumbers, startedAt, elapsedMs, interrupted, senders, receiver, seconds } = reports;
  const tallies = senders.map(({ tally }) => tally);
  const total = (of: (tally: SenderReport['tally']) => number): number => sum(tallies.map(of));
  const accepted = total((tally) => tally.accepted);
  const callers = callerResults(reports);
  const examples = [
    ...(receiver?.malformedExamples ?? []),
    ...tallies.flatMap((tally) => tally.wrongExamples),
  ];
  return {
    options: withoutSecrets(options),
    startedAt,
    elapsedMs,
    interrupted,
    planned: total((tally) => tally.planned),
    distinctNumbers,
    sent: total((tally) => tally.sent),
    accepted,
    done: total((tally) => tally.done),
    unfinished: accepted - total((tally) => tally.settled),
    lost: total((tally) => tally.lost),
    wrong: total((tally) => tally.wrong) + (receiver?.malformed ?? 0),
    wrongExamples: examples.slice(0, EXAMPLES_MAX),
    endpoints: ENDPOINTS.map((endpoint) => endpointResult(endpoint, senders)).filter(({ sent }) => sent > 0),
    timeToResult: merged(tallies.map((tally) => tally.timeToResult)).distribution(),
    callbacks: receiver && callbackResult(senders, receiver),
    callers,
    fairness: fairnessOf(callers, options),
    seconds,
    generator: {
      threads: options.threads,
      cores: sum(senders.map(({ cores }) => cores)),
      receiverCores: receiver && elapsedMs > 0 ? receiver.cpuMs / elapsedMs : 0,
      lag: merged(tallies.map((tally) => tally.lag)).distribution(),
      dropped: total((tally) => tally.dropped),
      connectionWaits: sum(senders.map(({ connectionWaits }) => connectionWaits)),
    },
  };
}

/** A report is shown around. */
function withoutSecrets(options: LoadOptions): LoadOptions {
  const { apiKey, secretOf } = options;
  const hidden = '(not shown)';
  return {
    ...options,
    apiKey: apiKey === undefined ? undefined : hidden,
    secretOf: typeof secretOf === 'object' ? { secret: hidden } : secretOf,
  };
}

function endpointResult(endpoint: Endpoint, senders: readonly SenderReport[]): EndpointResult {
  const parts = senders.flatMap(({ tally }) => tally.endpoints.get(endpoint) ?? []);
  const failed = new Map<string, number>();
  for (const part of parts)
    for (const [reason, count] of part.failed) failed.set(reason, (failed.get(reason) ?? 0) + count);
  return {
    endpoint,
    sent: sum(parts.map((part) => part.sent)),
    succeeded: sum(parts.map((part) => part.succeeded)),
    failed: Object.fromEntries([...failed].toSorted(([, a], [, b]) => b - a)),
    notAnswered: sum(parts.map((part) => part.notAnswered)),
    late: sum(parts.map((part) => part.late)),
    latency: merged(parts.map((part) => part.latency)).distribution(),
  };
}

function callbackResult(senders: readonly SenderReport[], receiver: ReceiverReport): CallbackResult {
  const matches = senders.map(({ match }) => match);
  const promised = sum(matches.map((match) => match.promised));
  const received = sum(matches.map((match) => match.received));
  const { twice, badlySigned, unverified, gaps, overtaken } = receiver;
  return {
    promised,
    received,
    missing: promised - received,
    twice,
    badlySigned,
    unverified,
    gaps,
    overtaken,
    fromAcceptance: merged(matches.map((match) => match.fromAcceptance)).distribution(),
    fromCompletion: merged(matches.map((match) => match.fromCompletion)).distribution(),
  };
}

function callerResults({ callerIds, senders }: Reports): CallerResult[] {
  const parts = callerIds.map((callerId, i) => ({
    callerId,
    tallies: senders.flatMap(({ tally }) => tally.callers[i] ?? []),
  }));
  const cpuOf = (tallies: (typeof parts)[number]['tallies']): number =>
    sum(tallies.map(({ cpuMs }) => cpuMs));
  const allCpuMs = sum(parts.map(({ tallies }) => cpuOf(tallies)));
  return parts.map(({ callerId, tallies }) => {
    const cpuMs = cpuOf(tallies);
    return {
      callerId,
      sent: sum(tallies.map(({ sent }) => sent)),
      timed: sum(tallies.map(({ timed }) => timed)),
      done: sum(tallies.map(({ done }) => done)),
      unfinished: sum(tallies.map(({ unfinished }) => unfinished)),
      waiting: merged(tallies.flatMap(({ waiting }) => waiting ?? [])).distribution(),
      cpuMs,
      cpuShare: allCpuMs > 0 ? cpuMs / allCpuMs : 0,
    };
  });
}

function fairnessOf(callers: readonly CallerResult[], { skew }: LoadOptions): LoadResult['fairness'] {
  const worst = callers.reduce<CallerResult | undefined>(
    (most, caller) => (caller.waiting.max > (most?.waiting.max ?? -1) ? caller : most),
    undefined,
  );
  const equals = (skew === 'one-hog' ? callers.slice(1) : callers).filter(({ timed }) => timed > 0);
  const isMeasured = skew !== 'zipf' && equals.some(({ cpuMs }) => cpuMs > 0);
  return {
    // How often each asked is left to chance, which is no unfairness: hence for each request.
    jainIndex: isMeasured ? jainIndex(equals.map(({ cpuMs, timed }) => cpuMs / timed)) : undefined,
    worstWaitMs: worst?.waiting.max ?? 0,
    worstWaitCaller: worst !== undefined && worst.waiting.count > 0 ? worst.callerId : undefined,
  };
}

/** Jain, Chiu, Hawe 1984: from 1/n, where one has all, to 1, where all have the same. 1 if nobody has anything. */
export function jainIndex(shares: readonly number[]): number {
  const squares = sum(shares.map((share) => share * share));
  return squares === 0 ? 1 : sum(shares) ** 2 / (shares.length * squares);
}

function merged(parts: readonly HistogramData[]): LatencyHistogram {
  const histogram = new LatencyHistogram(parts[0]?.digits);
  for (const part of parts) histogram.add(part);
  return histogram;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
