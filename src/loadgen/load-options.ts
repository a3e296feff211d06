/** What a load is: how much arrives when, from whom, of what, through which door, and how its results are learned of. */

/** `mixed`: every door in turn, drawn anew for each arrival. */
export type LoadMode = 'queued' | 'sync' | 'async' | 'values' | 'mixed';

/** How the end of a request is learned of. By `callback` those of `async`; what came by another door is then asked for by long-polls. */
export type Wait = 'poll' | 'long-poll' | 'events' | 'callback';

/**
 * open: arrivals are planned on a clock, whatever the server does, and latencies count from the planned moment (no coordinated
 * omission). closed: each connection asks again as soon as it is answered; latencies count from the sending.
 */
export type Pace =
  | { readonly kind: 'open'; readonly perSecond: number; readonly arrivals: 'poisson' | 'constant' }
  | { readonly kind: 'closed'; readonly connections: number };

/** For `forMs` from `atMs` on, the rate is multiplied by `factor`. Of an open pace only. */
export interface Spike {
  readonly atMs: number;
  readonly forMs: number;
  readonly factor: number;
}

/**
 * uniform: all callers ask equally often; zipf: the k-th of them in proportion to 1/k; one-hog: the first sends nine tenths, the
 * others share the rest.
 */
export type Skew = 'uniform' | 'zipf' | 'one-hog';

export interface LoadOptions {
  /** Origins of the service; arrivals take them in turn. */
  readonly urls: readonly string[];
  /** Sent as `Authorization: Bearer`, where the service has API keys. With that of a caller, there is this one caller. */
  readonly apiKey: string | undefined;
  readonly mode: LoadMode;
  readonly pace: Pace;
  /** How long arrivals are planned for. */
  readonly durationMs: number;
  /** The rate rises from nothing to the whole, in a straight line, for so long at the beginning. */
  readonly rampMs: number;
  readonly spikes: readonly Spike[];
  readonly callers: number;
  /**
   * Stands in the caller ids (`load-k3f9a-1`), so that another load on the same service, or what an earlier one left there, has other
   * callers. Undefined: `load-1` and so on, for a service or a secret that knows them by these names.
   */
  readonly runId: string | undefined;
  readonly skew: Skew;
  /** Decimal digits of the numbers, both included. Products of two primes of about equal size. */
  readonly digits: { readonly min: number; readonly max: number };
  /** The same seed gives the same numbers, callers and moments. */
  readonly seed: number;
  readonly wait: Wait;
  /** Where callbacks are received: `host` and `port` (0: any free one) are bound, `publicUrl` is what the service calls. Absent when nothing is async. */
  readonly receiver:
    | { readonly host: string; readonly port: number; readonly publicUrl: string | undefined }
    | undefined;
  /**
   * The secret (`whsec_…`) that callbacks are signed with, for all callers the same; 'self': those that the hook `secretsOf` of `runLoad`
   * gives. undefined: what `GET /callback-secret` tells, where there is an API key; otherwise signatures are not verified.
   */
  readonly secretOf: 'self' | { readonly secret: string } | undefined;
  /** How long answers, results and callbacks still missing after the last arrival are waited for. */
  readonly graceMs: number;
  /** Threads that send. */
  readonly threads: number;
  /**
   * Open connections of all threads together: half of them for submissions, half for asking after results. What is beyond them waits, and
   * its latency counts that. A closed pace has its own number for submissions.
   */
  readonly connectionsMax: number;
}
