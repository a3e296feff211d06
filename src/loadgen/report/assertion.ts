/**
 * What a load is held to: `sync.p99<100ms`, `failed<1%`, `jain>=0.9`. Pure.
 *
 * A metric that was not measured holds to nothing: an assertion about it fails.
 */
import type { LoadResult } from '../load-result.ts';
import { findMetric, type Metric, type Unit } from './metric.ts';

export interface Assertion {
  /** As it was given: `sync.p99<100ms`. */
  readonly text: string;
  readonly metric: Metric;
  readonly comparison: Comparison;
  /** In the unit of the metric; a share in 0…1 if `isShare`. */
  readonly bound: number;
  /** The bound is of the whole that the metric is a part of. */
  readonly isShare: boolean;
}

export interface AssertionOutcome {
  readonly metricName: string;
  /** As it was given: `sync.p99<100ms`. */
  readonly text: string;
  readonly holds: boolean;
  /** What was measured instead, or as it should be. */
  readonly actual: string;
}

export type ParsedAssertion =
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  | { readonly kind: 'fault'; readonly reason: string };

type Comparison = '<' | '<=' | '>' | '>=' | '=';

const COMPARE: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '=': (a, b) => a === b,
};

/** What may follow the bound, and what it is worth. A count may also be given as a percentage. */
const SUFFIXES: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  ms: { us: 0.001, ms: 1, s: 1_000, min: 60_000 },
  count: { '': 1, '%': 0.01 },
  'per-second': { '': 1, '/s': 1, '/min': 1 / 60 },
  index: { '': 1 },
  cores: { '': 1 },
};

const SUFFIX_WORDS: Readonly<Record<Unit, string>> = {
  ms: 'us, ms, s or min after it, such as 100ms',
  count: 'nothing or % after it, such as 10 or 1%',
  'per-second': 'nothing, /s or /min after it, such as 100/s',
  index: 'nothing after it, such as 0.9',
  cores: 'nothing after it, such as 0.5',
};

const FORM = /^([a-z][a-z0-9.-]*)(<=|>=|<|>|==|=)(\d{1,12}(?:\.\d{1,9})?)([a-z%/]*)$/i;

/** Spaces don't matter. */
export function parseAssertion(text: string): ParsedAssertion {
  const match = FORM.exec(text.replaceAll(/\s+/g, ''));
  if (!match)
    return fault(text, 'it must be METRIC, one of < <= > >= =, and a number, such as sync.p99<100ms');
  const [, name = '', sign = '', digits = '', suffix = ''] = match;
  const found = findMetric(name.toLowerCase());
  if (found.kind === 'fault') return fault(text, found.reason);
  const { metric } = found;
  const suffixes = SUFFIXES[metric.unit];
  const unit = suffix.toLowerCase();
  const worth = Object.hasOwn(suffixes, unit) ? suffixes[unit] : undefined;
  if (worth === undefined)
    return fault(
      text,
      `the number must have ${SUFFIX_WORDS[metric.unit]}: it is ${JSON.stringify(digits + suffix)}`,
    );
  const bound = Number(digits) * worth;
  const isShare = suffix === '%';
  // A share and the index are parts of a whole: beyond it, a condition would hold always or never.
  if ((isShare || metric.unit === 'index') && bound > 1)
    return fault(
      text,
      `${metric.name} is at most ${isShare ? '100%' : '1'}: the bound is ${JSON.stringify(digits + suffix)}`,
    );
  const comparison = (sign === '==' ? '=' : sign) as Comparison;
  return {
    kind: 'assertion',
    assertion: { text: text.trim(), metric, comparison, bound, isShare },
  };
}

export function checkAssertion(assertion: Assertion, result: LoadResult): AssertionOutcome {
  const { text, metric, comparison, bound, isShare } = assertion;
  const measured = metric.read(result);
  const whole = isShare ? metric.whole?.(result) : 1;
  // Of nothing, any part is nothing.
  const value = measured === undefined || whole === undefined ? undefined : measured / (whole || 1);
  return {
    metricName: metric.name,
    text,
    holds: value !== undefined && COMPARE[comparison](value, bound),
    actual: value === undefined ? 'nothing was measured' : amountText(value, metric.unit, isShare),
  };
}

const UNIT_SUFFIX: Readonly<Record<Unit, string>> = {
  ms: ' ms',
  count: '',
  'per-second': '/s',
  index: '',
  cores: ' cores',
};

/** Exact enough to tell a value from a bound that it just misses. */
function amountText(value: number, unit: Unit, isShare: boolean): string {
  const shown = Number((isShare ? value * 100 : value).toPrecision(6));
  return `${shown.toLocaleString('en', { maximumFractionDigits: 6 })}${isShare ? ' %' : UNIT_SUFFIX[unit]}`;
}

function fault(text: string, reason: string): ParsedAssertion {
  return { kind: 'fault', reason: `--assert ${JSON.stringify(text)}: ${reason}` };
}
