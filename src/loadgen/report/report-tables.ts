/** The numbers of a load as tables: the same ones on the terminal and on the page. Pure. */
import type { CallerResult, Distribution, LoadResult } from '../load-result.ts';
import { accountOf } from './account.ts';
import { countText, plainMillis, shareText } from './amount-text.ts';

export interface ReportTable {
  readonly title: string;
  /** The first column is text, the others are numbers. None: they need no heads. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Where nothing was measured. */
const NOTHING = '–';
/** With more callers than that only the first and the last of them are shown. */
const CALLERS_SHOWN_MAX = 16;
const CALLERS_LAST = 4;

const STATISTICS = ['min', 'p50', 'p90', 'p95', 'p99', 'p999', 'max'] as const;
type Statistic = (typeof STATISTICS)[number];

export function endpointTable({ endpoints }: LoadResult): ReportTable {
  return {
    title: 'Answers',
    columns: ['endpoint', 'sent', '2xx', 'failed', 'unanswered', 'after 2 s'],
    rows: endpoints.map(({ endpoint, sent, succeeded, failed, notAnswered, late }) => [
      endpoint,
      countText(sent),
      countText(succeeded),
      countText(Object.values(failed).reduce((a, b) => a + b, 0)),
      countText(notAnswered),
      countText(late),
    ]),
  };
}

/** Of each endpoint, of the whole way to the result, and of callbacks. */
export function timesTable({ endpoints, timeToResult, callbacks }: LoadResult): ReportTable {
  const rows: [string, Distribution][] = [
    ...endpoints.map(({ endpoint, latency }): [string, Distribution] => [endpoint, latency]),
    ['result known', timeToResult],
    ...(callbacks
      ? ([
          ['callback, from accepted', callbacks.fromAcceptance],
          ['callback, from finished', callbacks.fromCompletion],
        ] satisfies [string, Distribution][])
      : []),
  ];
  return {
    title: 'Times in milliseconds',
    columns: ['until', 'count', ...STATISTICS.map((statistic) => statistic.replace('999', '99.9'))],
    rows: rows.map(([name, distribution]) => [
      name,
      countText(distribution.count),
      ...STATISTICS.map((statistic) => timeCell(distribution, statistic)),
    ]),
  };
}

/** Most frequent first; no rows if nothing failed. */
export function failureTable({ endpoints }: LoadResult): ReportTable {
  const rows = endpoints
    .flatMap(({ endpoint, failed }) =>
      Object.entries(failed).map(([reason, count]) => ({ endpoint, reason, count })),
    )
    .toSorted((a, b) => b.count - a.count);
  return {
    title: 'Failures',
    columns: ['endpoint and reason', 'count'],
    rows: rows.map(({ endpoint, reason, count }) => [`${endpoint}: ${reason}`, countText(count)]),
  };
}

/** What came of the load in single numbers, a table for each group. */
export function accountTables(result: LoadResult): ReportTable[] {
  return accountOf(result).map(({ name, amounts }) => ({
    title: name.charAt(0).toUpperCase() + name.slice(1),
    columns: [],
    rows: amounts.map(({ label, value }) => [label, value]),
  }));
}

/** Times in milliseconds. */
export function callerTable(result: LoadResult): ReportTable {
  const { shown, left } = shownCallers(result.callers);
  const some = left > 0 ? ` (${countText(left)} of ${countText(result.callers.length)} left out)` : '';
  return {
    title: `Callers, those who waited longest first${some}; milliseconds from accepted to started`,
    columns: ['caller', 'sent', 'done', 'unfinished', 'p50', 'p99', 'max', 'CPU ms', 'CPU share'],
    rows: shown.map((caller) => {
      if (caller === 'gap') return ['…', '', '', '', '', '', '', '', ''];
      const { callerId, sent, done, unfinished, waiting, cpuMs, cpuShare } = caller;
      return [
        callerId,
        countText(sent),
        countText(done),
        countText(unfinished),
        // The service tells moments in whole milliseconds.
        waiting.count === 0 ? NOTHING : countText(waiting.p50),
        waiting.count === 0 ? NOTHING : countText(waiting.p99),
        longestWait(caller, countText),
        waiting.count === 0 ? NOTHING : plainMillis(cpuMs),
        waiting.count === 0 ? NOTHING : shareText(cpuShare),
      ];
    }),
  };
}

/** With `≥` where requests have not ended: they may wait on. */
export function longestWait({ waiting, unfinished }: CallerResult, inWords: (ms: number) => string): string {
  return waiting.count === 0 ? NOTHING : `${unfinished > 0 ? '≥ ' : ''}${inWords(waiting.max)}`;
}

/** Those who sent anything, who waited longest first; of many the first and the last, with a gap between. */
export function shownCallers(callers: readonly CallerResult[]): {
  readonly shown: readonly (CallerResult | 'gap')[];
  readonly left: number;
} {
  const sorted = callers
    .filter(({ sent }) => sent > 0)
    .toSorted(
      (a, b) => (b.waiting.count && b.waiting.p99) - (a.waiting.count && a.waiting.p99) || b.sent - a.sent,
    );
  if (sorted.length <= CALLERS_SHOWN_MAX) return { shown: sorted, left: 0 };
  const first = sorted.slice(0, CALLERS_SHOWN_MAX - CALLERS_LAST);
  return {
    shown: [...first, 'gap', ...sorted.slice(-CALLERS_LAST)],
    left: sorted.length - CALLERS_SHOWN_MAX,
  };
}

function timeCell(distribution: Distribution, statistic: Statistic): string {
  return distribution.count === 0 ? NOTHING : plainMillis(distribution[statistic]);
}
