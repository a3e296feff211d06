/**
 * All settings, read once from the environment. One table holds name, default, meaning and form of each; `serve --help` and
 * docs/operations.md say what stands here (a test holds them together).
 */
import { Resolver } from 'node:dns';
import os from 'node:os';
import path from 'node:path';
import { didYouMean } from './base/did-you-mean.ts';
import { parseNatsUrl, type NatsAddress } from './bus/nats/nats-address.ts';
import { isClusterName } from './bus/nats/nats-subjects.ts';
import { parseAllowList } from './callbacks/allow-list.ts';
import { SECRET_FILE_NAME } from './callbacks/callback-secret-file.ts';
import type { CallbackPolicy } from './callbacks/callback-url.ts';
import { DEFAULT_PORT_RANGES, parsePortRanges, portRangesText } from './callbacks/port-ranges.ts';
import { DEFAULT_RETRY_POLICY } from './callbacks/retry-policy.ts';
import { DIGITS_MAX_DEFAULT } from './domain/limits.ts';
import type { DeliverySettings } from './service/deliveries.ts';
import type { QuotaLimits } from './service/quotas.ts';
import type { RedisAddress } from './store/redis/redis-link.ts';
import {
  checked,
  delays,
  duration,
  Fault,
  folder,
  hidden,
  oneOf,
  optionalOneOf,
  quota,
  rates,
  size,
  text,
  weights,
  whole,
  type Setting,
} from './setting.ts';

const GIB = 2 ** 30;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

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
  FAIRSIEVE_PARKED_BYTES_MAX: size(
    GIB,
    '1GiB',
    'most memory of long jobs that are begun and not finished; their helpers on idle workers may have half as much more',
  ),
  FAIRSIEVE_STORE_BYTES_MAX: size(
    16 * GIB,
    '16GiB',
    'size at which the store takes no more; from 80 % on what ended longest ago goes before its time, but nothing within 10 minutes',
  ),
  FAIRSIEVE_RETENTION: duration(
    '7d',
    'how long ended requests are kept; less where the store is more than 80 % full',
  ),
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
  FAIRSIEVE_STORE: oneOf(
    'sqlite',
    ['sqlite', 'redis'],
    'where requests are kept: sqlite, a file in the data folder; redis, a database of Redis that this replica alone has',
  ),
  FAIRSIEVE_REDIS_HOST: text('', 'host of Redis', '127.0.0.1'),
  FAIRSIEVE_REDIS_PORT: whole(6379, 1, 65_535, 'port of Redis'),
  FAIRSIEVE_REDIS_PASSWORD: hidden(text('', 'password of Redis', 'none')),
  FAIRSIEVE_REDIS_URL: hidden(
    checked(
      '',
      'Redis in one, in place of the three before, such as rediss://user:password@redis.internal:6380',
      'none',
      redisUrl,
    ),
  ),
  FAIRSIEVE_REDIS_UNSAFE: oneOf(
    'no',
    ['no', 'allow'],
    'allow: goes on over a Redis that may lose what it has acknowledged',
  ),
  FAIRSIEVE_REPLICA_NAME: text(
    '',
    'by which a replica finds its database of last time',
    'the name of the machine',
  ),
  FAIRSIEVE_LEASE_MS: whole(
    10_000,
    1_000,
    600_000,
    'how long a database stays with a replica that is not heard of, in ms; the same for all',
  ),
  FAIRSIEVE_NATS_URL: hidden(
    checked(
      '',
      'NATS, through which replicas talk, such as nats://token@nats.internal:4222',
      'none: a replica alone',
      natsUrl,
    ),
  ),
  FAIRSIEVE_CLUSTER: checked(
    'fairsieve',
    'name of the cluster: only replicas of the same name talk',
    'fairsieve',
    (value) => (isClusterName(value) ? value : new Fault('1 to 64 letters, digits, _ or -')),
  ),
  FAIRSIEVE_DRAIN_DELAY_MS: whole(
    0,
    0,
    600_000,
    'how long a server that was told to stop goes on as before, save that `/readyz` says so: until balancers have seen it; in ms',
  ),
  FAIRSIEVE_DRAIN_MS: whole(
    30_000,
    0,
    3_600_000,
    'longest time in which a replica that stops hands over what it holds, in ms',
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
  /** Undefined: the embedded store. */
  readonly redis: RedisConfig | undefined;
  /** Undefined: this replica is alone. */
  readonly nats: NatsAddress | undefined;
  readonly cluster: string;
  readonly drainDelayMs: number;
  readonly drainMs: number;
}

export interface RedisConfig extends RedisAddress {
  readonly name: string;
  readonly leaseMs: number;
  readonly acceptUnsafe: boolean;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The settings in `env`. Throws a ConfigError that names every mistake at once. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = unknownNames(env);
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const given = env[name];
    const value = given === undefined || given === '' ? setting.fallback : setting.parse(given);
    // Most mean nothing else than not being set; this one would open every door, for want of a variable in a file somewhere.
    if (given === '' && name === 'FAIRSIEVE_API_KEYS_FILE')
      faults.push(`${name} must be a file of keys, or not be set at all: it is empty`);
    const it = setting.isHidden ? 'something else' : JSON.stringify(given);
    if (value instanceof Fault) faults.push(`${name} must be ${value.must}: it is ${it}`);
    else values[name] = value;
  }
  faults.push(...contradictions(env));
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
    redis: v.FAIRSIEVE_STORE === 'redis' ? redisConfig(v) : undefined,
    nats: v.FAIRSIEVE_NATS_URL,
    cluster: v.FAIRSIEVE_CLUSTER,
    drainDelayMs: v.FAIRSIEVE_DRAIN_DELAY_MS,
    drainMs: v.FAIRSIEVE_DRAIN_MS,
  };
}

function redisConfig(v: Values): RedisConfig {
  const { FAIRSIEVE_REDIS_PASSWORD: password } = v;
  const host = v.FAIRSIEVE_REDIS_HOST || '127.0.0.1';
  return {
    url:
      v.FAIRSIEVE_REDIS_URL ?? `redis://${host.includes(':') ? `[${host}]` : host}:${v.FAIRSIEVE_REDIS_PORT}`,
    ...(password && { password }),
    name: v.FAIRSIEVE_REPLICA_NAME || os.hostname(),
    leaseMs: v.FAIRSIEVE_LEASE_MS,
    acceptUnsafe: v.FAIRSIEVE_REDIS_UNSAFE === 'allow',
  };
}

const IN_PLACE_OF_URL = ['FAIRSIEVE_REDIS_HOST', 'FAIRSIEVE_REDIS_PORT'] as const;
const OF_A_CLUSTER = ['FAIRSIEVE_REDIS_URL', 'FAIRSIEVE_REDIS_HOST', 'FAIRSIEVE_NATS_URL'] as const;

/** Settings of which one says that another was forgotten. */
function contradictions(env: Readonly<Record<string, string | undefined>>): string[] {
  const embedded = (env['FAIRSIEVE_STORE'] || 'sqlite') === 'sqlite';
  return [
    ...OF_A_CLUSTER.filter((name) => embedded && env[name]).map(
      (name) => `${name} is set, but nothing uses it: FAIRSIEVE_STORE must be redis for that`,
    ),
    ...IN_PLACE_OF_URL.filter((name) => env[name] && env['FAIRSIEVE_REDIS_URL']).map(
      (name) => `${name} and FAIRSIEVE_REDIS_URL say the same thing: set one of them`,
    ),
  ];
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

/** `host` is as in URLs: with its port, unless that is the usual one. A rate without a port is that of each port. */
function rateOf(host: string, byHost: ReadonlyMap<string, number>): number | undefined {
  return byHost.get(host) ?? byHost.get(host.replace(/:\d+$/, ''));
}

function redisUrl(value: string): string | undefined | Fault {
  if (value === '') return undefined;
  const url = URL.parse(value);
  return url && /^rediss?:$/.test(url.protocol) && url.hostname !== ''
    ? value
    : new Fault('a URL such as redis://redis:6379 or rediss://user:password@redis:6379');
}

function natsUrl(value: string): NatsAddress | undefined | Fault {
  if (value === '') return undefined;
  const parsed = parseNatsUrl(value);
  return parsed.kind === 'ok' ? parsed.address : new Fault(parsed.must);
}
