/** The line of `fairsieve load`, understood: what load it asks for, against what, and what is to become of the result. Pure. */
import {
  CALLERS_MAX,
  callsBack,
  CONNECTIONS_MAX,
  CONNECTIONS_MAX_LEAST,
  DURATION_MS_MAX,
  FACTOR_MAX,
  PER_SECOND_MAX,
  PER_SECOND_MIN,
  THREADS_MAX,
} from '../loadgen/check-load-options.ts';
import type { LoadMode, LoadOptions, Pace, Skew, Spike, Wait } from '../loadgen/load-options.ts';
import { parseAssertion, type Assertion } from '../loadgen/report/assertion.ts';
import { SEMIPRIME_DIGITS_MAX, SEMIPRIME_DIGITS_MIN } from '../loadgen/semiprimes.ts';
import { isCallbackSecret } from './callback-check.ts';
import type { CommandLine } from './command-line.ts';
import { shownUrl } from './shown-url.ts';
import { UsageError } from './usage-error.ts';

/** Everything but what only a running server tells. */
export type LoadPlan = Omit<LoadOptions, 'urls' | 'secretOf'>;

export interface LoadLine {
  readonly plan: LoadPlan;
  /** None: a server of our own. */
  readonly urls: readonly string[];
  readonly secret: string | undefined;
  readonly assertions: readonly Assertion[];
  readonly jsonFile: string | undefined;
  readonly htmlFile: string | undefined;
}

export const LOAD_MODES = [
  'queued',
  'sync',
  'async',
  'values',
  'mixed',
] as const satisfies readonly LoadMode[];
export const WAITS = ['poll', 'long-poll', 'events', 'callback'] as const satisfies readonly Wait[];
export const SKEWS = ['uniform', 'zipf', 'one-hog'] as const satisfies readonly Skew[];
export const ARRIVALS = ['poisson', 'constant'] as const;

export const LOAD_DEFAULTS = {
  mode: 'mixed',
  rate: 50,
  arrivals: 'poisson',
  callers: 10,
  skew: 'uniform',
  digits: '18-40',
  threads: 1,
  connectionsMax: 256,
  listen: '127.0.0.1:0',
} as const;

/** Of the load, and of the wait for what is missing after it. */
export const DEFAULT_MS = 30_000;
const SEED_MAX = 2 ** 32 - 1;
const PORT_MAX = 65_535;

/** What is drawn for each load. */
interface Drawn {
  /** For a line that gives none. */
  readonly seed: number;
  readonly runId: string;
}

/** Throws a UsageError that names what is wrong. */
export function loadLine(
  line: CommandLine,
  env: Readonly<Record<string, string | undefined>>,
  { seed, runId }: Drawn,
): LoadLine {
  if (line.positionals.length > 0)
    throw new UsageError(`load takes options only: not ${JSON.stringify(line.positionals[0])}`);
  const urls = urlsOf(line);
  const plan = planOf(line, env, seed, urls.length === 0);
  const secret = secretOf(line, env, plan, urls.length === 0);
  return {
    // A server of one's own has no other loads, and may have weights for callers by name; a secret is that of a caller by name.
    plan: { ...plan, runId: urls.length === 0 || secret !== undefined ? undefined : runId },
    urls,
    secret,
    assertions: line.texts('assert').map(assertionOf),
    jsonFile: fileOf(line, 'json'),
    htmlFile: fileOf(line, 'html'),
  };
}

function planOf(
  line: CommandLine,
  env: Readonly<Record<string, string | undefined>>,
  seed: number,
  isSelf: boolean,
): Omit<LoadPlan, 'runId'> {
  const mode = choice(line, 'mode', LOAD_MODES) ?? LOAD_DEFAULTS.mode;
  const pace = paceOf(line);
  const durationMs = duration(line, 'duration', 1) ?? DEFAULT_MS;
  const rampMs = duration(line, 'ramp', 0) ?? 0;
  if (rampMs > durationMs)
    throw new UsageError(
      `--ramp must not be longer than the load of ${durationMs / 1000} s: it is ${JSON.stringify(line.text('ramp'))}`,
    );
  const spikes = line.texts('spike').map((text) => spikeOf(text, durationMs));
  if (pace.kind === 'closed' && (rampMs > 0 || spikes.length > 0))
    throw new UsageError(
      '--ramp and --spike change a rate: give --rate, not --connections, for which there is none',
    );
  const callers = line.whole('callers', 1, CALLERS_MAX) ?? LOAD_DEFAULTS.callers;
  const skew = choice(line, 'skew', SKEWS) ?? LOAD_DEFAULTS.skew;
  if (skew === 'one-hog' && callers < 2)
    throw new UsageError('--skew one-hog needs --callers of at least 2: one of them is the hog');
  return {
    apiKey: apiKeyOf(line, env, isSelf),
    mode,
    pace,
    durationMs,
    rampMs,
    spikes,
    callers,
    skew,
    digits: digitsOf(line.text('digits') ?? LOAD_DEFAULTS.digits),
    seed: line.whole('seed', 0, SEED_MAX) ?? seed,
    wait: waitOf(line, mode),
    receiver: callsBack({ mode }) ? receiverOf(line) : noReceiver(line, mode),
    graceMs: duration(line, 'grace', 0) ?? DEFAULT_MS,
    threads: line.whole('threads', 1, THREADS_MAX) ?? LOAD_DEFAULTS.threads,
    connectionsMax: connectionsMaxOf(line, pace),
  };
}

function paceOf(line: CommandLine): Pace {
  const connections = line.whole('connections', 1, CONNECTIONS_MAX);
  const arrivals = choice(line, 'arrivals', ARRIVALS);
  if (connections === undefined)
    return { kind: 'open', perSecond: rateOf(line), arrivals: arrivals ?? LOAD_DEFAULTS.arrivals };
  for (const name of ['rate', 'arrivals'])
    if (line.has(name))
      throw new UsageError(
        `Give either --connections, which ask again as soon as they are answered, or --${name}, which belongs to arrivals that are planned`,
      );
  return { kind: 'closed', connections };
}

function connectionsMaxOf(line: CommandLine, pace: Pace): number {
  const most = line.whole('connections-max', CONNECTIONS_MAX_LEAST, CONNECTIONS_MAX);
  if (most !== undefined && pace.kind === 'closed' && most < pace.connections)
    throw new UsageError(
      `--connections-max must be at least --connections, which is ${pace.connections}: it is ${most}`,
    );
  return most ?? LOAD_DEFAULTS.connectionsMax;
}

function rateOf(line: CommandLine): number {
  const text = line.text('rate');
  if (text === undefined) return LOAD_DEFAULTS.rate;
  const rate = /^\d{1,7}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (rate >= PER_SECOND_MIN && rate <= PER_SECOND_MAX) return rate;
  throw new UsageError(
    `--rate must be a number of arrivals per second from ${PER_SECOND_MIN} to ${PER_SECOND_MAX}: it is ${JSON.stringify(text)}`,
  );
}

function waitOf(line: CommandLine, mode: LoadMode): Wait {
  const wait = choice(line, 'wait', WAITS);
  if (wait === 'callback' && !callsBack({ mode }))
    throw new UsageError(`--wait callback goes with --mode async and mixed: the mode is ${mode}`);
  return wait ?? (mode === 'async' ? 'callback' : 'long-poll');
}

const SPIKE_FORM = 'at=TIME,for=TIME,x=FACTOR, such as at=10s,for=5s,x=10';

function spikeOf(text: string, durationMs: number): Spike {
  const parts = new Map(
    text.split(',').map((part): [string, string] => {
      const [name = '', value = ''] = part.split('=', 2);
      return [name.trim(), value.trim()];
    }),
  );
  const isTwice = parts.size < text.split(',').length;
  const [at, lasts, factorText] = ['at', 'for', 'x'].map((name) => parts.get(name));
  if (isTwice || parts.size !== 3 || at === undefined || lasts === undefined || factorText === undefined)
    throw new UsageError(`--spike must be ${SPIKE_FORM}: it is ${JSON.stringify(text)}`);
  const atMs = durationOf(at, '--spike at=', 0);
  const forMs = durationOf(lasts, '--spike for=', 1);
  const factor = /^\d{1,4}(\.\d{1,3})?$/.test(factorText) ? Number(factorText) : Number.NaN;
  if (!(factor <= FACTOR_MAX))
    throw new UsageError(
      `--spike x= must be a number from 0 to ${FACTOR_MAX}: it is ${JSON.stringify(factorText)}`,
    );
  if (atMs >= durationMs)
    throw new UsageError(
      `--spike at= must lie within the load of ${durationMs / 1000} s: it is ${JSON.stringify(at)}`,
    );
  return { atMs, forMs, factor };
}

function digitsOf(text: string): { readonly min: number; readonly max: number } {
  const match = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(text);
  const min = Number(match?.[1] ?? Number.NaN);
  const max = Number(match?.[2] ?? min);
  if (min >= SEMIPRIME_DIGITS_MIN && min <= max && max <= SEMIPRIME_DIGITS_MAX) return { min, max };
  throw new UsageError(
    `--digits must be a number from ${SEMIPRIME_DIGITS_MIN} to ${SEMIPRIME_DIGITS_MAX}, or two of them, such as 20-40: it is ${JSON.stringify(text)}`,
  );
}

function receiverOf(line: CommandLine): NonNullable<LoadPlan['receiver']> {
  const text = line.text('listen') ?? LOAD_DEFAULTS.listen;
  const match = /^(?:\[([0-9a-f:]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3] ?? Number.NaN);
  if (!match || !(port <= PORT_MAX))
    throw new UsageError(
      `--listen must be ADDRESS:PORT, such as 127.0.0.1:8090 or [::1]:0: it is ${JSON.stringify(text)}`,
    );
  const publicUrl = line.text('callback-url');
  return {
    host: match[1] ?? match[2] ?? '',
    port,
    publicUrl: publicUrl === undefined ? undefined : plainUrl('callback-url', publicUrl),
  };
}

function noReceiver(line: CommandLine, mode: LoadMode): undefined {
  for (const name of ['listen', 'callback-url', 'secret'])
    if (line.has(name)) throw new UsageError(`--${name} is for callbacks, and --mode ${mode} has none`);
  return undefined;
}

function urlsOf(line: CommandLine): readonly string[] {
  const urls = line.texts('url');
  if (urls.length > 0 && line.has('self'))
    throw new UsageError('Give either --url or --self: a server of your own, or one for this load alone');
  return urls.map((text) => plainUrl('url', text));
}

/** In ASCII, without quotes and without a slash at its end. */
function plainUrl(name: string, text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) {
    const port = /^https?:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/i.exec(shownUrl(text))?.[1];
    if (port !== undefined && Number(port) > PORT_MAX)
      throw new UsageError(`--${name} must have a port of at most ${PORT_MAX}: it is ${port}`);
    throw new UsageError(
      `--${name} must be an http or https URL, such as http://127.0.0.1:8080: it is ${JSON.stringify(shownUrl(text))}`,
    );
  }
  if (url.search !== '' || url.username !== '' || url.password !== '' || url.hash !== '')
    throw new UsageError(
      `--${name} must have no user, query or fragment, such as http://127.0.0.1:8080: it is ${JSON.stringify(shownUrl(text))}`,
    );
  return url.href.replace(/\/$/, '');
}

function secretOf(
  line: CommandLine,
  env: Readonly<Record<string, string | undefined>>,
  { receiver, callers }: Pick<LoadPlan, 'receiver' | 'callers'>,
  isSelf: boolean,
): string | undefined {
  if (isSelf && line.has('secret'))
    throw new UsageError('--secret is for a service named with --url: that of a server of our own is known');
  if (isSelf || !receiver) return undefined;
  const secret = line.text('secret') ?? (env.FAIRSIEVE_CALLBACK_SECRET || undefined);
  // Not quoted: it may be a secret with a slip in it.
  if (secret !== undefined && !isCallbackSecret(secret))
    throw new UsageError('--secret must be whsec_ and base64, as fairsieve secret prints it');
  if (secret !== undefined && callers > 1)
    throw new UsageError(
      `--secret (or $FAIRSIEVE_CALLBACK_SECRET) is that of one caller: give --callers 1, not ${callers}`,
    );
  return secret;
}

function apiKeyOf(
  line: CommandLine,
  env: Readonly<Record<string, string | undefined>>,
  isSelf: boolean,
): string | undefined {
  if (isSelf && line.has('api-key'))
    throw new UsageError('--api-key is for a service named with --url: a server of our own asks for none');
  if (isSelf) return undefined;
  const apiKey = line.text('api-key') ?? (env.FAIRSIEVE_API_KEY || undefined);
  if (apiKey !== undefined && !/^[!-~]+$/.test(apiKey))
    throw new UsageError('--api-key must have printable ASCII characters without spaces only');
  return apiKey;
}

function assertionOf(text: string): Assertion {
  const parsed = parseAssertion(text);
  if (parsed.kind === 'fault') throw new UsageError(parsed.reason);
  return parsed.assertion;
}

function fileOf(line: CommandLine, name: string): string | undefined {
  const file = line.text(name);
  if (file === '') throw new UsageError(`--${name} must name a file: it is ""`);
  if (file === '-')
    throw new UsageError(
      `--${name} must name a file: it is "-", and standard output has the report. Take /dev/stderr or a file`,
    );
  return file;
}

function choice<T extends string>(line: CommandLine, name: string, choices: readonly T[]): T | undefined {
  const text = line.text(name);
  if (text === undefined) return undefined;
  const found = choices.find((one) => one === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${name} must be one of ${choices.join(', ')}: it is ${JSON.stringify(text)}`);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, '': 1_000, m: 60_000, h: 3_600_000 };

/** In ms. `leastMs` is 0 where there need not be any. */
function duration(line: CommandLine, name: string, leastMs: number): number | undefined {
  const text = line.text(name);
  return text === undefined ? undefined : durationOf(text, `--${name}`, leastMs);
}

function durationOf(text: string, what: string, leastMs: number): number {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|)$/.exec(text);
  const ms = match ? Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN) : Number.NaN;
  if (ms >= leastMs && ms <= DURATION_MS_MAX) return ms;
  throw new UsageError(
    `${what} must be a time from ${leastMs}ms to ${DURATION_MS_MAX / 3_600_000}h, such as 500ms, 30s or 2m: it is ${JSON.stringify(text)}`,
  );
}
