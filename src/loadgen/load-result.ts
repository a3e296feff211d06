/** What came of a load: plain data, as `--json` writes it and the reports show it. All times in milliseconds. */
import type { LoadOptions } from './load-options.ts';

export interface Distribution {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** For a percentile curve: [percentile in 0…100, value], ascending, denser towards 100. */
  readonly curve: readonly (readonly [number, number])[];
}

/** 'GET result' is whatever `--wait` asks with. */
export const ENDPOINTS = [
  'POST /requests',
  'POST /sync',
  'POST /async',
  'POST /values',
  'GET result',
] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

export interface EndpointResult {
  readonly endpoint: Endpoint;
  readonly sent: number;
  /** Answered with 2xx. */
  readonly succeeded: number;
  /** By reason: the problem's code with its status ('503 overloaded'), 'connection reset', 'timed out', 'malformed answer'. */
  readonly failed: Readonly<Record<string, number>>;
  /** Sent, and neither answered nor broken when the grace had passed. */
  readonly notAnswered: number;
  /** Answered after more than 2 s (A6). */
  readonly late: number;
  readonly latency: Distribution;
}

export interface CallbackResult {
  /** Requests accepted with a callback. */
  readonly promised: number;
  /** Distinct callbacks that came for them. */
  readonly received: number;
  readonly missing: number;
  readonly twice: number;
  readonly badlySigned: number;
  /** Came while no secret was known. */
  readonly unverified: number;
  /** Numbers missing in the `sequence` of the callers. */
  readonly gaps: number;
  /** Came after one of the same caller with a higher sequence; allowed. */
  readonly overtaken: number;
  readonly fromAcceptance: Distribution;
  readonly fromCompletion: Distribution;
}

export interface CallerResult {
  readonly callerId: string;
  readonly sent: number;
  readonly done: number;
  /** From accepted to started, as the service tells it. */
  readonly waiting: Distribution;
  readonly cpuMs: number;
  /** Of the CPU time of all callers, in 0…1. */
  readonly cpuShare: number;
}

/** One second of the load, counted from its beginning. */
export interface SecondResult {
  readonly second: number;
  readonly planned: number;
  readonly answered: number;
  readonly failed: number;
  readonly done: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface LoadResult {
  readonly options: LoadOptions;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly elapsedMs: number;
  /** Arrivals planned, of which `dropped` were never sent since the generator could not keep up. */
  readonly planned: number;
  readonly sent: number;
  readonly accepted: number;
  /** Requests whose result came, was complete and was right. */
  readonly done: number;
  /** Accepted, but no result within the grace. */
  readonly unfinished: number;
  /** Accepted, and then unknown to the service (404), or ended as failed. */
  readonly lost: number;
  /** Results whose product or primes are wrong, with what was wrong with the first few. */
  readonly wrong: number;
  readonly wrongExamples: readonly string[];
  readonly endpoints: readonly EndpointResult[];
  /** From the planned moment to the moment the result was known. */
  readonly timeToResult: Distribution;
  readonly callbacks: CallbackResult | undefined;
  readonly callers: readonly CallerResult[];
  readonly fairness: {
    /** Jain, Chiu, Hawe 1984, over the CPU time of callers that asked for equally much; 1 is even. */
    readonly jainIndex: number;
    readonly worstWaitMs: number;
    readonly worstWaitCaller: string | undefined;
  };
  readonly seconds: readonly SecondResult[];
  readonly generator: {
    readonly threads: number;
    /** CPU seconds per second of one core, of all its threads. */
    readonly cores: number;
    /** From the planned moment to the moment at which the generator got round to it. */
    readonly lag: Distribution;
    readonly dropped: number;
  };
}

/** What a live view shows, about four times a second. */
export interface LoadTick {
  readonly elapsedMs: number;
  readonly planned: number;
  readonly answered: number;
  readonly failed: number;
  readonly done: number;
  readonly wrong: number;
  /** Of the last whole second. */
  readonly answeredPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly phase: 'load' | 'grace';
}
