/**
 * All settings, read once from the environment. One table holds name, default, meaning and form of each; `serve --help` and
 * docs/operations.md say what stands here (a test holds them together).
 */
import { Resolver } from 'node:dns';
import os from 'node:os';
import path from 'node:path';
import { didYouMean } from './base/did-you-mean.ts';
import { parseAllowList } from './callbacks/allow-list.ts';
import { SECRET_FILE_NAME } from './callbacks/callback-secret-file.ts';
import type { CallbackPolicy } from './callbacks/callback-url.ts';
import { DEFAULT_PORT_RANGES, parsePortRanges, portRangesText } from './callbacks/port-ranges.ts';
import { DEFAULT_RETRY_POLICY } from './callbacks/retry-policy.ts';
import { DIGITS_MAX_DEFAULT } from './domain/limits.ts';
import type { DeliverySettings } from './service/deliveries.ts';
import type { QuotaLimits } from './service/quotas.ts';

interface Setting<T> {
  readonly fallback: T;
  /** How the fallback is told to people. */
  readonly shown: string;
  readonly about: string;
  readonly parse: (text: string) => T | Fault;
}

/** What is wrong with a value: completes the sentence "NAME must be …". */
class Fault {
  readonly must: string;
  constructor(must: string) {
    this.must = must;
  }
}

const GIB = 2 ** 30;
const RETRIES_MAX = 30;
const SIZE_LEAST = 2 ** 20;
const QUOTA_MAX = 1e9;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
const DURATION_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_BYTES: Record<string, number> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

const SETTINGS = {
  FAIRSIEVE_HOST: text('127.0.0.1', 'address to listen on; 0.0.0.0 for every interface'),
  FAIRSIEVE_PORT: whole(8080, 0, 65_535, 'port to listen on; 0 takes a free one'),
  FAIRSIEVE_DATA_DIR: folder('./data', 'folder of the store; made if absent'),
  FAIRSIEVE_WORKERS: whole(os.availableParallelism(), 1, 256, 'compute threads', 'cores'),
  FAIRSIEVE_DIGITS_MAX: whole(DIGITS_MAX_DEFAULT, 1, 1_000, 'most decimal digits of a number'),
  FAIRSIEVE_WAIT_MS_MAX: whole(
    1_800,
    0,
    60_000,
    'longest time an answer is held back for `Prefer: wait`, in ms',
  ),
  FAIRSIEVE_JOB_CPU_MS_MAX: whole(
    600_000,
    1,
    1e12,
    'CPU budget of a request, in ms; then it is `partial` and may be resumed',
  ),
  FAIRSIEVE_PARKED_BYTES_MAX: size(GIB, '1GiB', 'most memory of long jobs that are begun and not finished'),
  FAIRSIEVE_STORE_BYTES_MAX: size(
    16 * GIB,
    '16GiB',
    'size at which the store takes no more; from 80 % on what is oldest and ended goes',
  ),
  FAIRSIEVE_RETENTION: duration('7d', 'how long ended requests are kept'),
  FAIRSIEVE_WEIGHTS: weights('shares of CPU time by caller, such as acme=3,globex=0.5; everyone else has 1'),
  FAIRSIEVE_API_KEYS_FILE: checked(
    '',
    'file of API keys, made with `fairsieve key create`; with it every caller shows a key and sees its own requests only',
    'none: any caller id is believed',
    (value) => value || undefined,
  ),
  FAIRSIEVE_SHARE_RESULTS: optionalOneOf(
    ['yes', 'no'],
    'whether equal numbers of different callers are computed once; what comes quickly then tells that others asked for it',
    'yes; no with API keys',
  ),
  FAIRSIEVE_QUOTA_WAITING: quota(
    'most requests of a caller that wait at a time, such as 1000 or 1000,acme=50000',
  ),
  FAIRSIEVE_QUOTA_PER_MINUTE: quota('most requests of a caller in a minute, such as 600 or 600,acme=6000'),
  FAIRSIEVE_CALLBACK_ALLOW: checked(
    '',
    'networks and host names that callbacks may go to though they are not public, such as 10.0.0.0/8,hooks.internal',
    'none',
    (value) => {
      const parsed = parseAllowList(value);
      return parsed.kind === 'ok'
        ? parsed.allowList
        : new Fault(`networks and host names: ${parsed.faults.join('; ')}`);
    },
  ),
  FAIRSIEVE_CALLBACK_PORTS: checked(
    portRangesText(DEFAULT_PORT_RANGES),
    'ports that callbacks may go to',
    portRangesText(DEFAULT_PORT_RANGES),
    (value) => {
      const parsed = parsePortRanges(value);
      return parsed.kind === 'ok'
        ? parsed.ranges
        : new Fault(`ports and ranges: ${parsed.faults.join('; ')}`);
    },
  ),
  FAIRSIEVE_CALLBACK_RETRIES: delays(
    DEFAULT_RETRY_POLICY.delaysMs,
    'waits between the attempts of a callback, each varied by 20 %; after the last one it is dead',
  ),
  FAIRSIEVE_CALLBACKS_MAX: whole(256, 1, 4_096, 'callback attempts under way at a time'),
  FAIRSIEVE_CALLBACKS_PER_HOST: whole(
    64,
    1,
    4_096,
    'of these, to one host and port; half of what others leave there for one caller',
  ),
  FAIRSIEVE_CALLBACK_RATES: rates(
    'most callback attempts per second by host (each of its ports), such as hooks.example.com=5; others have no bound',
  ),
  FAIRSIEVE_CALLBACK_DNS: checked(
    '',
    'name servers for callbacks, such as 10.0.0.2,10.0.0.3:5353',
    'those of the machine',
    nameServers,
  ),
  FAIRSIEVE_SECRET_FILE: text(
    '',
    'file of the master key that signs callbacks; made if absent',
    `${SECRET_FILE_NAME} in the data folder`,
  ),
  FAIRSIEVE_LOG_LEVEL: oneOf('info', LOG_LEVELS, 'least level that is logged'),
} satisfies Record<string, Setting<unknown>>;

type Settings = typeof SETTINGS;
export type SettingName = keyof Settings;
type Values = { readonly [Name in SettingName]: Settings[Name] extends Setting<infer T> ? T : never };

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly workers: number;
  readonly digitsMax: number;
  readonly waitMsMax: number;
  readonly jobCpuMsMax: number;
  readonly parkedBytesMax: number;
  readonly storeBytesMax: number;
  readonly retentionMs: number;
  readonly weights: ReadonlyMap<string, number>;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** Undefined: no keys are asked for. */
  readonly apiKeysFile: string | undefined;
  readonly quotas: QuotaLimits;
  readonly sharesWork: boolean;
  readonly callbackPolicy: CallbackPolicy;
  readonly deliveries: DeliverySettings;
  /** Undefined: those of the machine. */
  readonly callbackDns: readonly string[] | undefined;
  readonly secretFile: string;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The settings in `env`. Throws a ConfigError that names every mistake at once. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = unknownNames(env);
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const given = env[name];
    const value = given === undefined || given === '' ? setting.fallback : setting.parse(given);
    // Most mean nothing else than not being set; this one would open every door, for want of a variable in a file somewhere.
    if (given === '' && name === 'FAIRSIEVE_API_KEYS_FILE')
      faults.push(`${name} must be a file of keys, or not be set at all: it is empty`);
    if (value instanceof Fault) faults.push(`${name} must be ${value.must}: it is ${JSON.stringify(given)}`);
    else values[name] = value;
  }
  if (faults.length > 0) throw new ConfigError(faults.join('\n'));
  const v = values as Values;
  return {
    host: v.FAIRSIEVE_HOST,
    port: v.FAIRSIEVE_PORT,
    dataDir: v.FAIRSIEVE_DATA_DIR,
    workers: v.FAIRSIEVE_WORKERS,
    digitsMax: v.FAIRSIEVE_DIGITS_MAX,
    waitMsMax: v.FAIRSIEVE_WAIT_MS_MAX,
    jobCpuMsMax: v.FAIRSIEVE_JOB_CPU_MS_MAX,
    parkedBytesMax: v.FAIRSIEVE_PARKED_BYTES_MAX,
    storeBytesMax: v.FAIRSIEVE_STORE_BYTES_MAX,
    retentionMs: v.FAIRSIEVE_RETENTION,
    weights: v.FAIRSIEVE_WEIGHTS,
    logLevel: v.FAIRSIEVE_LOG_LEVEL,
    apiKeysFile: v.FAIRSIEVE_API_KEYS_FILE,
    sharesWork: (v.FAIRSIEVE_SHARE_RESULTS ?? (v.FAIRSIEVE_API_KEYS_FILE ? 'no' : 'yes')) === 'yes',
    quotas: { waiting: v.FAIRSIEVE_QUOTA_WAITING, 'per-minute': v.FAIRSIEVE_QUOTA_PER_MINUTE },
    callbackPolicy: { allowList: v.FAIRSIEVE_CALLBACK_ALLOW, ports: v.FAIRSIEVE_CALLBACK_PORTS },
    deliveries: {
      retries: { delaysMs: v.FAIRSIEVE_CALLBACK_RETRIES },
      attemptsMax: v.FAIRSIEVE_CALLBACKS_MAX,
      attemptsPerHostMax: v.FAIRSIEVE_CALLBACKS_PER_HOST,
      rateOf: (host) => rateOf(host, v.FAIRSIEVE_CALLBACK_RATES),
    },
    callbackDns: v.FAIRSIEVE_CALLBACK_DNS,
    secretFile: v.FAIRSIEVE_SECRET_FILE || path.join(v.FAIRSIEVE_DATA_DIR, SECRET_FILE_NAME),
  };
}

/** Name, default and meaning of every setting. */
export function settingRows(): { readonly name: string; readonly shown: string; readonly about: string }[] {
  return Object.entries(SETTINGS).map(([name, { shown, about }]) => ({ name, shown, about }));
}

/** The table of settings for `serve --help`. */
export function describeSettings(): string {
  return settingRows()
    .map(({ name, shown, about }) => `  ${name.padEnd(27)} ${about} (${shown})`)
    .join('\n');
}

const PREFIX = 'FAIRSIEVE_';
/** Set by others than the server, yet ours. */
const OTHERS = ['FAIRSIEVE_URL', 'FAIRSIEVE_CALLER', 'FAIRSIEVE_API_KEY', 'FAIRSIEVE_CALLBACK_SECRET'];

function unknownNames(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = Object.keys(SETTINGS).map((name) => name.slice(PREFIX.length));
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !(name in SETTINGS) && !OTHERS.includes(name))
    .map((name) => `${name} is not a setting${didYouMean(name.slice(PREFIX.length), known, PREFIX)}`);
}

function text(fallback: string, about: string, shown = fallback): Setting<string> {
  return { fallback, shown, about, parse: (value) => value };
}

/** One whose form another module knows; `fallback` is text, like what is given. */
function checked<T>(
  fallback: string,
  about: string,
  shown: string,
  parse: (value: string) => T | Fault,
): Setting<T> {
  return { fallback: parse(fallback) as T, shown, about, parse };
}

function nameServers(value: string): readonly string[] | undefined | Fault {
  if (value === '') return undefined;
  const servers = value.split(',').map((server) => server.trim());
  try {
    new Resolver().setServers(servers);
    return servers;
  } catch {
    return new Fault(
      'IP addresses with commas between, each with a port if it is not 53, such as 10.0.0.3:5353',
    );
  }
}

function folder(fallback: string, about: string): Setting<string> {
  const must = new Fault('the path of a folder');
  // A URL or a blank would quietly become a folder of that name, wherever the server was started.
  const parse = (value: string): string | Fault =>
    value.trim() === '' || /^[a-z][\w+.-]+:\/\//i.test(value) ? must : value;
  return { fallback, shown: fallback, about, parse };
}

function whole(
  fallback: number,
  min: number,
  max: number,
  about: string,
  shown = String(fallback),
): Setting<number> {
  const parse = (value: string): number | Fault => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    return number >= min && number <= max ? number : new Fault(`a whole number from ${min} to ${max}`);
  };
  return { fallback, shown, about, parse };
}

function size(fallback: number, shown: string, about: string): Setting<number> {
  const parse = (value: string): number | Fault => {
    const match = /^(\d{1,15}) ?(|KiB|MiB|GiB)$/.exec(value);
    const bytes = Number(match?.[1]) * (SIZE_BYTES[match?.[2] ?? ''] ?? 1);
    return bytes >= SIZE_LEAST ? bytes : new Fault('at least 1MiB, such as 268435456, 256MiB or 1GiB');
  };
  return { fallback, shown, about, parse };
}

function duration(shown: string, about: string): Setting<number> {
  const parse = (value: string): number | Fault => {
    const match = /^(\d{1,9}) ?([smhd])$/.exec(value);
    if (!match || Number(match[1]) === 0)
      return new Fault('a duration of at least 1s, such as 45s, 30m, 12h or 7d');
    return Number(match[1]) * (DURATION_MS[match[2] ?? ''] ?? 0);
  };
  return { fallback: parse(shown) as number, shown, about, parse };
}

function delays(fallback: readonly number[], about: string): Setting<readonly number[]> {
  const must = new Fault('1 to 30 durations with commas between, such as 2s,10s,1m,1h');
  const parse = (value: string): readonly number[] | Fault => {
    const parts = value.split(',').map((part) => /^ *(\d{1,7}) ?([smhd]) *$/.exec(part));
    const delaysMs = parts.map((match) => Number(match?.[1]) * (DURATION_MS[match?.[2] ?? ''] ?? Number.NaN));
    return delaysMs.length <= RETRIES_MAX && delaysMs.every((ms) => ms > 0) ? delaysMs : must;
  };
  return { fallback, shown: fallback.map(durationText).join(','), about, parse };
}

function durationText(ms: number): string {
  const [unit = 's', length = 1_000] =
    Object.entries(DURATION_MS).findLast(([, unitMs]) => ms % unitMs === 0 && unitMs <= 3_600_000) ?? [];
  return `${ms / length}${unit}`;
}

function rates(about: string): Setting<ReadonlyMap<string, number>> {
  const must = new Fault(
    'host=rate pairs with commas between, each rate from 0.01 to 10000 a second, such as hooks.example.com=5',
  );
  return {
    fallback: new Map(),
    shown: 'none',
    about,
    parse: (value) => numbersByName(value.toLowerCase().split(','), 0.01, 10_000) ?? must,
  };
}

function oneOf<T extends string>(fallback: T, choices: readonly T[], about: string): Setting<T> {
  const parse = (value: string): T | Fault =>
    choices.find((choice) => choice === value) ?? new Fault(`one of ${choices.join(', ')}`);
  return { fallback, shown: fallback, about, parse };
}

/** Undefined: what is best depends on other settings. */
function optionalOneOf<T extends string>(
  choices: readonly T[],
  about: string,
  shown: string,
): Setting<T | undefined> {
  return { fallback: undefined, shown, about, parse: oneOf<T>(choices[0] as T, choices, about).parse };
}

function weights(about: string): Setting<ReadonlyMap<string, number>> {
  const must = new Fault(
    'caller=weight pairs with commas between, each weight from 0.001 to 1000, such as acme=3,globex=0.5',
  );
  return {
    fallback: new Map(),
    shown: 'none',
    about,
    parse: (value) => numbersByName(value.split(','), 0.001, 1000) ?? must,
  };
}

/** A bound for every caller, bounds for some of them by name, or both. */
function quota(about: string): Setting<(callerId: string) => number | undefined> {
  const must = new Fault(
    'a whole number from 1 to 1000000000, or caller=number pairs with commas between, or both, such as 600,acme=6000',
  );
  const parse = (value: string): ((callerId: string) => number | undefined) | Fault => {
    const parts = value.split(',');
    const general = parts.filter((part) => !part.includes('='));
    const named = numbersByName(
      parts.filter((part) => part.includes('=')),
      1,
      QUOTA_MAX,
    );
    const everyone = general.length === 0 ? undefined : Number(general[0] || Number.NaN);
    const numbers = [...(named?.values() ?? []), ...(everyone === undefined ? [] : [everyone])];
    if (!named || general.length > 1) return must;
    if (!numbers.every((each) => Number.isInteger(each) && each >= 1 && each <= QUOTA_MAX)) return must;
    return (callerId) => named.get(callerId) ?? everyone;
  };
  return { fallback: () => undefined, shown: 'none', about, parse };
}

/** `host` is as in URLs: with its port, unless that is the usual one. A rate without a port is that of each port. */
function rateOf(host: string, byHost: ReadonlyMap<string, number>): number | undefined {
  return byHost.get(host) ?? byHost.get(host.replace(/:\d+$/, ''));
}

/** Of `name=number` pairs; undefined where they are not that. */
function numbersByName(
  pairs: readonly string[],
  min: number,
  max: number,
): ReadonlyMap<string, number> | undefined {
  const map = new Map<string, number>();
  for (const pair of pairs) {
    const cut = pair.lastIndexOf('=');
    const number = Number(pair.slice(cut + 1));
    if (cut < 1 || !(number >= min && number <= max)) return undefined;
    map.set(pair.slice(0, cut), number);
  }
  return map;
}
