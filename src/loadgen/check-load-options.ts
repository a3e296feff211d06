/** Refuses what is no load. Pure. */
import type { LoadOptions } from './load-options.ts';
import { SEMIPRIME_DIGITS_MAX, SEMIPRIME_DIGITS_MIN } from './semiprimes.ts';

/** Callers that results are kept of, each by itself. */
export const CALLERS_MAX = 10_000;
export const THREADS_MAX = 64;
export const CONNECTIONS_MAX = 50_000;
/** One to submit, one to ask for results. */
export const CONNECTIONS_MAX_LEAST = 2;
export const PER_SECOND_MIN = 0.001;
export const PER_SECOND_MAX = 1_000_000;
export const DURATION_MS_MAX = 24 * 3_600_000;
export const FACTOR_MAX = 1_000;

/** Throws a RangeError that names the value and the bound, or a TypeError for a URL that is none. */
export function checkLoadOptions(options: LoadOptions): void {
  const { urls, pace, spikes, digits, wait, mode, receiver } = options;
  if (urls.length === 0) throw new RangeError('A load needs the URL of a service: none was given');
  for (const url of urls)
    if (!/^https?:$/.test(new URL(url).protocol))
      throw new TypeError(`Cannot load ${url}: it must be an http or https URL`);
  if (pace.kind === 'open') checkRange('The rate', pace.perSecond, PER_SECOND_MIN, PER_SECOND_MAX);
  else {
    checkWhole('The number of connections', pace.connections, 1, CONNECTIONS_MAX);
    if (options.rampMs > 0 || spikes.length > 0)
      throw new RangeError('A closed model has no rate, and so neither a ramp nor spikes');
  }
  checkRange('The duration in ms', options.durationMs, 1, DURATION_MS_MAX);
  checkRange('The ramp in ms', options.rampMs, 0, DURATION_MS_MAX);
  checkRange('The grace in ms', options.graceMs, 0, DURATION_MS_MAX);
  for (const { atMs, forMs, factor } of spikes) {
    checkRange('The beginning of a spike in ms', atMs, 0, options.durationMs);
    checkRange('The length of a spike in ms', forMs, 1, DURATION_MS_MAX);
    checkRange('The factor of a spike', factor, 0, FACTOR_MAX);
  }
  checkWhole('The number of callers', options.callers, 1, CALLERS_MAX);
  if (options.runId !== undefined && !/^[a-z0-9]{1,16}$/.test(options.runId))
    throw new RangeError(
      `The id of a run must be 1 to 16 lower-case letters and digits: it is ${JSON.stringify(options.runId)}`,
    );
  checkWhole('The number of threads', options.threads, 1, THREADS_MAX);
  checkWhole('The most connections', options.connectionsMax, CONNECTIONS_MAX_LEAST, CONNECTIONS_MAX);
  const connectionsLeast = CONNECTIONS_MAX_LEAST * options.threads * urls.length;
  if (options.connectionsMax < connectionsLeast)
    throw new RangeError(
      `The most connections must be at least ${connectionsLeast}, ${CONNECTIONS_MAX_LEAST} for each of ${options.threads} threads and ${urls.length} services: it is ${options.connectionsMax}`,
    );
  checkWhole('The least number of digits', digits.min, SEMIPRIME_DIGITS_MIN, digits.max);
  checkWhole('The greatest number of digits', digits.max, digits.min, SEMIPRIME_DIGITS_MAX);
  checkWhole('The seed', options.seed, 0, 2 ** 32 - 1);
  const isAsync = callsBack(options);
  if (wait === 'callback' && !isAsync)
    throw new RangeError(`In mode ${mode} nothing is told by a callback: wait by poll, long-poll or events`);
  if (!isAsync) return;
  if (receiver === undefined)
    throw new RangeError(`Mode ${mode} needs an address at which callbacks are received`);
  checkWhole('The port of the receiver', receiver.port, 0, 65_535);
  if (receiver.publicUrl === undefined && ['0.0.0.0', '::'].includes(receiver.host))
    throw new RangeError(
      `Where callbacks are received at every address (${receiver.host}), the URL that the service is to call must be given`,
    );
}

/** Whether any request of the load is told by a callback. */
export function callsBack({ mode }: Pick<LoadOptions, 'mode'>): boolean {
  return mode === 'async' || mode === 'mixed';
}

function checkRange(what: string, value: number, least: number, most: number): void {
  if (!(value >= least && value <= most))
    throw new RangeError(`${what} must be from ${least} to ${most}: it is ${value}`);
}

function checkWhole(what: string, value: number, least: number, most: number): void {
  checkRange(what, value, least, most);
  if (!Number.isInteger(value)) throw new RangeError(`${what} must be a whole number: it is ${value}`);
}
