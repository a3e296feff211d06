/** The report of a load for a terminal. Pure. */
import type { LoadResult } from '../load-result.ts';
import { accountOf } from './account.ts';
import { loadWords } from './load-words.ts';
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
    [...wrapped(loadWords(result), COLUMNS), `${result.options.urls.join(', ')}, ${result.startedAt}`].join(
      '\n',
    ),
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

/** A line for each group, broken where it is too long. */
function accountText(result: LoadResult): string {
  return accountOf(result)
    .map(({ name, amounts }) => {
      const parts = amounts.map(({ label, value, isFirst }) =>
        isFirst ? `${value} ${label}` : `${label} ${value}`,
      );
      return wrapped(parts, COLUMNS - NAME_COLUMNS)
        .map((line, i) => (i === 0 ? name : '').padEnd(NAME_COLUMNS) + line)
        .join('\n');
    })
    .join('\n');
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

/** In lines of at most so many characters, save for a part that is longer. */
function wrapped(parts: readonly string[], charsMax: number): string[] {
  const lines = [''];
  for (const part of parts) {
    const line = lines.at(-1) ?? '';
    const longer = line === '' ? part : `${line} · ${part}`;
    if (line !== '' && longer.length > charsMax) lines.push(part);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

/** Caller ids and reasons are of others: neither controls nor what turns the direction of a line (Cf) is printed. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cf}|[^\P{Cc}\n]/gu, '�');
}
