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
  /** Answered with 2xx, and with a body that can be read. */
  readonly succeeded: number;
  /** By reason: the status with the problem's code ('503 overloaded'), 'connection reset', 'timed out', 'malformed answer'. */
  readonly failed: Readonly<Record<string, number>>;
  /** Sent, and neither answered nor broken when the grace had passed. */
  readonly notAnswered: number;
  /** Answered after more than 2 s, which no endpoint may take. */
  readonly late: number;
  /**
   * Of everything that was answered, whatever with, timed out or was not answered: from the planned moment (in a closed model, and of
   * 'GET result', the sending) to the answer or the giving up. Of an event stream: to its beginning.
   */
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
  /** Numbers missing in the `sequence` of the callers, between the lowest and the highest that came. */
  readonly gaps: number;
  /** Came after one of the same caller with a higher sequence; allowed. */
  readonly overtaken: number;
  /** From the moment at which the generator knew that the request was accepted; 0 if the callback was there before. */
  readonly fromAcceptance: Distribution;
  /** From the end of the request by the clock of the service: told truly where both have the same time. */
  readonly fromCompletion: Distribution;
}

export interface CallerResult {
  readonly callerId: string;
  readonly sent: number;
  /** Of these, the ones whose CPU time the service tells: all but values. */
  readonly timed: number;
  readonly done: number;
  readonly unfinished: number;
  /** From accepted to started, as the service tells it. What never ended counts with the time from accepted to the end of the load. */
  readonly waiting: Distribution;
  /** Spent on what ended while there were arrivals: in the end each caller gets what it asked for, so the whole tells nothing. */
  readonly cpuMs: number;
  /** Of the CPU time of all callers, likewise, in 0…1. */
  readonly cpuShare: number;
}

/** One second of the load, counted from its beginning; what happened in it. Latencies are those of the submissions answered in it. */
export interface SecondResult {
  readonly second: number;
  /** Arrivals. */
  readonly planned: number;
  /** Submissions that were answered, whatever with. */
  readonly answered: number;
  /** Exchanges of any kind. */
  readonly failed: number;
  /** Results that came and were right. */
  readonly done: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface LoadResult {
  /** Without the API key and the secret. */
  readonly options: LoadOptions;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly elapsedMs: number;
  /** Whether it was ended before its time: what was under way then is unanswered, unfinished or missing, and nobody waited for it. */
  readonly interrupted: boolean;
  /** Arrivals planned, of which `dropped` were never sent since the generator could not keep up. */
  readonly planned: number;
  /** So many numbers from the first on are all different; then they come again, and may be answered from memory. */
  readonly distinctNumbers: number;
  /** Submissions. What fails is not sent again. */
  readonly sent: number;
  /** Of these, answered with 2xx. */
  readonly accepted: number;
  /** Requests whose result came, was complete and was right. */
  readonly done: number;
  /** Accepted, but no whole result within the grace: they still run, or ended as partial. */
  readonly unfinished: number;
  /** Accepted, and then unknown to the service (404), or ended as failed or cancelled. */
  readonly lost: number;
  /** Results whose product or primes are wrong, and callbacks that are none, with what was wrong with the first few. */
  readonly wrong: number;
  readonly wrongExamples: readonly string[];
  readonly endpoints: readonly EndpointResult[];
  /** From the planned moment to the moment the result was known. */
  readonly timeToResult: Distribution;
  readonly callbacks: CallbackResult | undefined;
  readonly callers: readonly CallerResult[];
  readonly fairness: {
    /**
     * Jain, Chiu, Hawe 1984, over the CPU time that callers got for each request they sent, without a hog; 1 is even. Undefined where
     * callers ask for unequal amounts (zipf), or nothing was finished while there were arrivals.
     */
    readonly jainIndex: number | undefined;
    readonly worstWaitMs: number;
    readonly worstWaitCaller: string | undefined;
  };
  readonly seconds: readonly SecondResult[];
  readonly generator: {
    readonly threads: number;
    /** CPU seconds per second of the threads that send, while there were arrivals. */
    readonly cores: number;
    /** Likewise of the thread that receives callbacks, over the whole load. */
    readonly receiverCores: number;
    /** From the planned moment to the moment at which the generator got round to it. */
    readonly lag: Distribution;
    readonly dropped: number;
    /** Submissions that found none of the connections free, and waited for one. */
    readonly connectionWaits: number;
  };
}

/** What is done before a load begins, in this order; some loads need no secrets and no callbacks. */
export type LoadStepName = 'services' | 'secrets' | 'callbacks' | 'numbers' | 'threads';

/** How far it is: `done` of `of` services, callers, services, lengths of primes, threads. */
export interface LoadStep {
  readonly name: LoadStepName;
  readonly done: number;
  readonly of: number;
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
