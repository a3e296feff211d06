/** What came of a load in single numbers, in groups: the same ones on the terminal and on the page. Pure. */
import type { LoadResult } from '../load-result.ts';
import { countText, millisText, rateText } from './amount-text.ts';
import { findMetric, type Unit } from './metric.ts';

export interface Amount {
  readonly label: string;
  readonly value: string;
  /** Whether it reads better before its label: `12 lost`, but `lag p99 3 ms`. */
  readonly isFirst: boolean;
}

export interface AccountGroup {
  readonly name: string;
  readonly amounts: readonly Amount[];
}

/** By the names of the metrics, with what each is called here. */
const GROUPS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  requests: {
    planned: 'planned',
    dropped: 'dropped',
    sent: 'sent',
    accepted: 'accepted',
    done: 'done and right',
    unfinished: 'unfinished',
    lost: 'lost',
    wrong: 'wrong',
  },
  exchanges: {
    exchanges: 'begun',
    failed: 'failed',
    unanswered: 'unanswered',
    late: 'after 2 s',
  },
  rate: {
    'sent.rate': 'sent',
    'accepted.rate': 'accepted',
    'done.rate': 'done',
    elapsed: 'over',
  },
  callbacks: {
    promised: 'promised',
    received: 'received',
    missing: 'missing',
    twice: 'twice',
    'badly-signed': 'badly signed',
    unverified: 'not verified',
    gaps: 'gaps',
    overtaken: 'overtaken',
  },
  fairness: {
    jain: "Jain's index",
    'worst-wait': 'worst wait',
  },
  generator: {
    cores: 'sending',
    'receiver-cores': 'receiving callbacks',
    'lag.p50': 'lag p50',
    'lag.p99': 'lag p99',
    'lag.max': 'lag max',
    'connection-waits': 'found no free connection',
  },
};

const UNITS: Readonly<Record<Unit, { readonly text: (value: number) => string; readonly isFirst: boolean }>> =
  {
    count: { text: countText, isFirst: true },
    'per-second': { text: rateText, isFirst: true },
    ms: { text: millisText, isFirst: false },
    index: { text: (value) => value.toFixed(3), isFirst: false },
    cores: { text: (value) => `${value.toFixed(2)} cores`, isFirst: false },
  };

/** What was not measured is left out, and so is a group of which nothing was. */
export function accountOf(result: LoadResult): AccountGroup[] {
  return Object.entries(GROUPS)
    .map(([name, labels]) => ({
      name,
      amounts: Object.entries(labels).flatMap(([metric, label]) => amountOf(metric, label, result)),
    }))
    .filter(({ amounts }) => amounts.length > 0);
}

function amountOf(name: string, label: string, result: LoadResult): Amount[] {
  const found = findMetric(name);
  if (found.kind === 'fault') throw new Error(found.reason);
  const value = found.metric.read(result);
  if (value === undefined) return [];
  const { text, isFirst } = UNITS[found.metric.unit];
  return [{ label, value: text(value) + (NOTES[name]?.(result) ?? ''), isFirst }];
}

/** What belongs to a number for it to be understood. */
const NOTES: Readonly<Record<string, (result: LoadResult) => string>> = {
  // Of a few milliseconds it says nothing.
  jain: ({ callers }) =>
    ` over ${millisText(callers.reduce((sum, { cpuMs }) => sum + cpuMs, 0))} of CPU time`,
  'worst-wait': ({ fairness: { worstWaitCaller } }) =>
    worstWaitCaller === undefined ? '' : ` (${worstWaitCaller})`,
};
