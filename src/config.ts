/**
 * All settings, read once from the environment. One table holds name, default, meaning and form of each; `serve --help` and
 * docs/operations.md say what stands here (a test holds them together).
 */
import os from 'node:os';
import { nearestName } from './base/nearest-name.ts';
import { DIGITS_MAX_DEFAULT } from './domain/limits.ts';

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
const SIZE_LEAST = 2 ** 20;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
const DURATION_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_BYTES: Record<string, number> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

const SETTINGS = {
  FAIRSIEVE_HOST: text('127.0.0.1', 'address to listen on; 0.0.0.0 for every interface'),
  FAIRSIEVE_PORT: whole(8080, 0, 65_535, 'port to listen on; 0 takes a free one'),
  FAIRSIEVE_DATA_DIR: text('./data', 'folder of the store; made if absent'),
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

/** Set by others than the server, yet ours. */
const OTHERS = ['FAIRSIEVE_URL', 'FAIRSIEVE_CALLER'];

function unknownNames(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('FAIRSIEVE_') && !(name in SETTINGS) && !OTHERS.includes(name))
    .map((name) => `${name} is not a setting: did you mean ${nearestName(name, Object.keys(SETTINGS))}?`);
}

function text(fallback: string, about: string): Setting<string> {
  return { fallback, shown: fallback, about, parse: (value) => value };
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

function oneOf<T extends string>(fallback: T, choices: readonly T[], about: string): Setting<T> {
  const parse = (value: string): T | Fault =>
    choices.find((choice) => choice === value) ?? new Fault(`one of ${choices.join(', ')}`);
  return { fallback, shown: fallback, about, parse };
}

function weights(about: string): Setting<ReadonlyMap<string, number>> {
  const must = new Fault(
    'caller=weight pairs with commas between, each weight from 0.001 to 1000, such as acme=3,globex=0.5',
  );
  const parse = (value: string): ReadonlyMap<string, number> | Fault => {
    const map = new Map<string, number>();
    for (const pair of value.split(',')) {
      const cut = pair.lastIndexOf('=');
      const weight = Number(pair.slice(cut + 1));
      if (cut < 1 || !(weight >= 0.001 && weight <= 1000)) return must;
      map.set(pair.slice(0, cut), weight);
    }
    return map;
  };
  return { fallback: new Map(), shown: 'none', about, parse };
}
