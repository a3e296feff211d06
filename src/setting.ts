/**
 * The forms that settings have: what is written in the environment, and what it means. Each says what a value must be, for whoever
 * wrote another. Pure.
 */

export interface Setting<T> {
  readonly fallback: T;
  /** How the fallback is told to people. */
  readonly shown: string;
  readonly about: string;
  readonly parse: (text: string) => T | Fault;
  /** Whether its value may hold a secret, and is therefore never shown. */
  readonly isHidden?: boolean;
}

/** What is wrong with a value: completes the sentence "NAME must be …". */
export class Fault {
  readonly must: string;
  constructor(must: string) {
    this.must = must;
  }
}

const RETRIES_MAX = 30;
const SIZE_LEAST = 2 ** 20;
const QUOTA_MAX = 1e9;
const DURATION_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_BYTES: Record<string, number> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

export function text(fallback: string, about: string, shown = fallback): Setting<string> {
  return { fallback, shown, about, parse: (value) => value };
}

/** One whose form another module knows; `fallback` is text, like what is given. */
export function checked<T>(
  fallback: string,
  about: string,
  shown: string,
  parse: (value: string) => T | Fault,
): Setting<T> {
  return { fallback: parse(fallback) as T, shown, about, parse };
}

/** One whose value may hold a secret. */
export function hidden<T>(setting: Setting<T>): Setting<T> {
  return { ...setting, isHidden: true };
}

export function folder(fallback: string, about: string): Setting<string> {
  const must = new Fault('the path of a folder');
  // A URL or a blank would quietly become a folder of that name, wherever the server was started.
  const parse = (value: string): string | Fault =>
    value.trim() === '' || /^[a-z][\w+.-]+:\/\//i.test(value) ? must : value;
  return { fallback, shown: fallback, about, parse };
}

export function whole(
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

export function size(fallback: number, shown: string, about: string): Setting<number> {
  const parse = (value: string): number | Fault => {
    const match = /^(\d{1,15}) ?(|KiB|MiB|GiB)$/.exec(value);
    const bytes = Number(match?.[1]) * (SIZE_BYTES[match?.[2] ?? ''] ?? 1);
    return bytes >= SIZE_LEAST ? bytes : new Fault('at least 1MiB, such as 268435456, 256MiB or 1GiB');
  };
  return { fallback, shown, about, parse };
}

export function duration(shown: string, about: string): Setting<number> {
  const parse = (value: string): number | Fault => {
    const match = /^(\d{1,9}) ?([smhd])$/.exec(value);
    if (!match || Number(match[1]) === 0)
      return new Fault('a duration of at least 1s, such as 45s, 30m, 12h or 7d');
    return Number(match[1]) * (DURATION_MS[match[2] ?? ''] ?? 0);
  };
  return { fallback: parse(shown) as number, shown, about, parse };
}

export function delays(fallback: readonly number[], about: string): Setting<readonly number[]> {
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

export function rates(about: string): Setting<ReadonlyMap<string, number>> {
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

export function oneOf<T extends string>(fallback: T, choices: readonly T[], about: string): Setting<T> {
  const parse = (value: string): T | Fault =>
    choices.find((choice) => choice === value) ?? new Fault(`one of ${choices.join(', ')}`);
  return { fallback, shown: fallback, about, parse };
}

/** Undefined: what is best depends on other settings. */
export function optionalOneOf<T extends string>(
  choices: readonly T[],
  about: string,
  shown: string,
): Setting<T | undefined> {
  return { fallback: undefined, shown, about, parse: oneOf<T>(choices[0] as T, choices, about).parse };
}

export function weights(about: string): Setting<ReadonlyMap<string, number>> {
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
export function quota(about: string): Setting<(callerId: string) => number | undefined> {
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
