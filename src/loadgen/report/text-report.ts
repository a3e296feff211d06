/** The report of a load for a terminal. Pure. */
import type { LoadResult } from '../load-result.ts';
import { countText, millisText, rateText, spanText } from './amount-text.ts';
import { loadWords } from './load-words.ts';
import { hasWaitingTimes } from './metric.ts';
import { callerTable, endpointTable, failureTable, timesTable, type ReportTable } from './report-tables.ts';
import type { Verdict } from './verdict.ts';

const COLUMNS = 80;
const NAME_COLUMNS = 11;
const RULE = '━'.repeat(COLUMNS - 1);

/** Ends without a line break. What comes from outside can't steer the terminal. */
export function textReport(result: LoadResult, verdict: Verdict): string {
  const failures = failureTable(result);
  const blocks = [
    ...(verdict.alarms.length > 0 ? [alarmText(verdict.alarms)] : []),
    [loadWords(result).join(' · '), `${result.options.urls.join(', ')}, ${result.startedAt}`].join('\n'),
    tableText(endpointTable(result)),
    tableText(timesTable(result)),
    ...(failures.rows.length > 0 ? [tableText(failures)] : []),
    ...(result.callers.length > 0 ? [tableText(callerTable(result))] : []),
    accountText(result),
    verdictText(verdict),
  ];
  return printable(blocks.join('\n\n'));
}

function alarmText([first = '', ...examples]: readonly string[]): string {
  return [RULE, `  ${first}`, ...examples.map((example) => `    ${example}`), RULE].join('\n');
}

function accountText(result: LoadResult): string {
  const {
    planned,
    sent,
    accepted,
    done,
    unfinished,
    lost,
    wrong,
    callbacks,
    fairness,
    generator,
    elapsedMs,
  } = result;
  const rows: [string, string[]][] = [
    [
      'requests',
      [
        `${countText(planned)} planned`,
        `${countText(sent)} sent`,
        `${countText(accepted)} accepted`,
        `${countText(done)} done and right`,
        `${countText(unfinished)} unfinished`,
        `${countText(lost)} lost`,
        `${countText(wrong)} wrong`,
      ],
    ],
    [
      'rate',
      [
        `${rateText(perSecond(accepted, elapsedMs))} accepted`,
        `${rateText(perSecond(done, elapsedMs))} done, over ${spanText(elapsedMs)}`,
      ],
    ],
  ];
  if (callbacks)
    rows.push([
      'callbacks',
      [
        `${countText(callbacks.promised)} promised`,
        `${countText(callbacks.received)} received`,
        `${countText(callbacks.missing)} missing`,
        `${countText(callbacks.twice)} twice`,
        `${countText(callbacks.badlySigned)} badly signed`,
        `${countText(callbacks.gaps)} gaps`,
        `${countText(callbacks.overtaken)} overtaken`,
      ],
    ]);
  if (hasWaitingTimes(result))
    rows.push([
      'fairness',
      [
        ...(fairness.jainIndex === undefined ? [] : [`Jain's index ${fairness.jainIndex.toFixed(3)}`]),
        `worst wait ${millisText(fairness.worstWaitMs)}${fairness.worstWaitCaller === undefined ? '' : ` (${fairness.worstWaitCaller})`}`,
      ],
    ]);
  rows.push([
    'generator',
    [
      `${generator.cores.toFixed(2)} cores in ${generator.threads} ${generator.threads === 1 ? 'thread' : 'threads'}`,
      ...(callbacks ? [`${generator.receiverCores.toFixed(2)} to receive callbacks`] : []),
      ...(generator.lag.count > 0
        ? [`lag p99 ${millisText(generator.lag.p99)}, max ${millisText(generator.lag.max)}`]
        : []),
      `${countText(generator.dropped)} dropped`,
    ],
  ]);
  return rows.map(([name, parts]) => wrapped(name, parts)).join('\n');
}

function verdictText({ word, faults, assertions, warnings }: Verdict): string {
  return [
    ...warnings.map((warning) => `! ${warning}`),
    ...assertions.map(
      ({ text, holds, actual }) => `${holds ? '✓' : '✗'} ${text}: ${holds ? actual : `it is not: ${actual}`}`,
    ),
    ...faults.map((fault) => `✗ ${fault}`),
    word.toUpperCase(),
  ].join('\n');
}

/** Columns aligned, the first one to the left and the others to the right. */
function tableText({ title, columns, rows }: ReportTable): string {
  const all = [columns, ...rows];
  const widths = columns.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [title, ...all.map((row) => `  ${lineOf(row)}`)].join('\n');
}

/** Parts after a name, in lines of at most `COLUMNS`. */
function wrapped(name: string, parts: readonly string[]): string {
  const lines = [''];
  for (const part of parts) {
    const line = lines.at(-1) ?? '';
    const longer = line === '' ? part : `${line} · ${part}`;
    if (line !== '' && NAME_COLUMNS + longer.length > COLUMNS) lines.push(part);
    else lines[lines.length - 1] = longer;
  }
  return lines.map((line, i) => (i === 0 ? name : '').padEnd(NAME_COLUMNS) + line).join('\n');
}

function perSecond(count: number, elapsedMs: number): number {
  return elapsedMs > 0 ? (count * 1000) / elapsedMs : 0;
}

/** Caller ids and reasons are of others: neither controls nor what turns the direction of a line (Cf) is printed. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cf}|[^\P{Cc}\n]/gu, '�');
}
