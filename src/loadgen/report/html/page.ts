/**
 * The report of a load as one page that needs nothing else: no script, no font, no picture from anywhere, so that it can be sent
 * to a colleague and kept for years. Pure.
 */
import type { LoadResult } from '../../load-result.ts';
import { countText, millisText, rateText, spanText } from '../amount-text.ts';
import { loadWords } from '../load-words.ts';
import { exchangeCount, failedCount, hasWaitingTimes, lateCount, unansweredCount } from '../metric.ts';
import {
  accountTables,
  endpointTable,
  failureTable,
  timesTable,
  type ReportTable,
} from '../report-tables.ts';
import type { Verdict } from '../verdict.ts';
import { callersTable } from './callers-table.ts';
import { latencyPlot } from './latency-plot.ts';
import { Markup, markup } from './markup.ts';
import { PAGE_STYLE } from './page-style.ts';
import { plotSeconds, secondsText } from './per-second.ts';
import { percentilePlot } from './percentile-plot.ts';
import { plotMarkup, type Plot } from './plot.ts';
import { throughputPlot } from './throughput-plot.ts';

export function reportPage(result: LoadResult, verdict: Verdict): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>fairsieve load ${verdict.word}, ${result.startedAt.slice(0, 10)}</title>
<style>${new Markup(PAGE_STYLE)}</style>
</head>
<body>
<main>
${headMarkup(result, verdict)}
${verdictMarkup(verdict)}
${tilesMarkup(result)}
<div class="pair">
${figure(latencyPlot(result), secondsTable(result))}
${figure(throughputPlot(result))}
</div>
${figure(percentilePlot(result))}
${hasWaitingTimes(result) ? callersMarkup(result) : ''}
<section class="card">
${tableMarkup(endpointTable(result))}
${tableMarkup(timesTable(result))}
</section>
${failuresMarkup(result)}
<section class="card groups">${accountTables(result).map((table) => markup`<div>${tableMarkup(table)}</div>`)}</section>
</main>
</body>
</html>
`.text;
}

const HEADINGS = {
  passed: ['good', 'Passed'],
  failed: ['bad', 'Failed'],
  interrupted: ['cut', 'Interrupted'],
} as const satisfies Readonly<Record<Verdict['word'], readonly [string, string]>>;

function headMarkup(result: LoadResult, { word }: Verdict): Markup {
  const { options, startedAt } = result;
  const [style, heading] = HEADINGS[word];
  return markup`<header>
<p class="brand">fairsieve load</p>
<h1 class="${style}">${heading}</h1>
<ul class="words">${loadWords(result).map((part) => markup`<li>${part}</li>`)}</ul>
<p class="where">${options.urls.join(', ')} <time datetime="${startedAt}">${startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</time></p>
</header>`;
}

function verdictMarkup({ alarms, faults, assertions, warnings }: Verdict): Markup {
  const [alarm, ...examples] = alarms;
  return markup`${alarm === undefined ? '' : markup`<section class="alarm" role="alert"><h2>${alarm}</h2>${examples.map((example) => markup`<p>${example}</p>`)}</section>`}
${faults.length + assertions.length === 0 ? '' : markup`<ul class="verdict">${faults.map((fault) => markup`<li class="bad">${fault}</li>`)}${assertions.map(({ text, holds, actual }) => markup`<li class="${holds ? 'good' : 'bad'}"><code>${text}</code> ${holds ? 'holds' : 'does not hold'}: ${actual}</li>`)}</ul>`}
${warnings.length === 0 ? '' : markup`<ul class="warnings">${warnings.map((warning) => markup`<li>${warning}</li>`)}</ul>`}`;
}

interface Tile {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  readonly isBad?: boolean;
}

function tilesMarkup(result: LoadResult): Markup {
  return markup`<dl class="tiles">${tilesOf(result).map(
    ({ name, value, note, isBad }) =>
      markup`<div class="${isBad === true ? 'tile bad' : 'tile'}"><dt>${name}</dt><dd>${value}</dd><dd class="note">${note}</dd></div>`,
  )}</dl>`;
}

function tilesOf(result: LoadResult): Tile[] {
  const { sent, done, wrong, lost, unfinished, elapsedMs, timeToResult, callbacks, fairness } = result;
  const trouble = failedCount(result) + lost + wrong;
  const unanswered = unansweredCount(result);
  return [
    { name: 'Requests sent', value: countText(sent), note: `in ${spanText(elapsedMs)}` },
    {
      name: 'Done and right',
      value: countText(done),
      note: `${rateText(elapsedMs > 0 ? Number(((done * 1000) / elapsedMs).toPrecision(3)) : 0)}${unfinished > 0 ? `, ${countText(unfinished)} unfinished` : ''}`,
    },
    {
      name: 'Failed, lost, wrong',
      value: countText(trouble),
      note: `of ${countText(exchangeCount(result))} exchanges${unanswered > 0 ? `, ${countText(unanswered)} unanswered` : ''}`,
      isBad: trouble + unanswered > 0,
    },
    {
      name: 'Later than 2 s',
      value: countText(lateCount(result)),
      note: 'of all answers',
      isBad: lateCount(result) > 0,
    },
    ...(timeToResult.count > 0
      ? [
          {
            name: 'Result, p99',
            value: millisText(timeToResult.p99),
            note: `p50 ${millisText(timeToResult.p50)}`,
          },
        ]
      : []),
    ...(callbacks
      ? [
          {
            name: 'Callback, p99',
            value: callbacks.fromAcceptance.count > 0 ? millisText(callbacks.fromAcceptance.p99) : '–',
            note: `${countText(callbacks.received)} of ${countText(callbacks.promised)} came`,
            isBad: callbacks.missing > 0,
          },
        ]
      : []),
    ...(hasWaitingTimes(result)
      ? [
          {
            name: 'Fairness (Jain)',
            value: fairness.jainIndex?.toFixed(3) ?? '–',
            note: `worst wait ${millisText(fairness.worstWaitMs)}`,
          },
        ]
      : []),
  ];
}

function figure(plot: Plot, numbers?: ReportTable): Markup {
  return markup`<figure class="card"><figcaption><h2>${plot.title}</h2><p>${plot.about}</p></figcaption>
${plotMarkup(plot)}
${numbers === undefined ? '' : markup`<details><summary>Numbers</summary>${tableMarkup(numbers)}</details>`}</figure>`;
}

function callersMarkup(result: LoadResult): Markup {
  return markup`<section class="card"><h2>Waiting time per caller</h2><p>From accepted to started. ${result.options.callers > 1 ? 'A fair service lets nobody wait for the backlog of others.' : ''}</p><div class="wide">${callersTable(result)}</div></section>`;
}

function secondsTable({ seconds, elapsedMs }: LoadResult): ReportTable {
  return {
    title: '',
    columns: ['time', 'planned/s', 'answered/s', 'failed/s', 'done/s', 'p50', 'p99', 'max'],
    rows: plotSeconds(seconds, elapsedMs).map((point) => [
      secondsText(point),
      ...[point.planned, point.answered, point.failed, point.done].map((count) => countText(count)),
      ...[point.p50, point.p99, point.max].map((ms) => (point.answered > 0 ? millisText(ms) : '–')),
    ]),
  };
}

function failuresMarkup(result: LoadResult): Markup | string {
  const table = failureTable(result);
  return table.rows.length === 0 ? '' : markup`<section class="card">${tableMarkup(table)}</section>`;
}

function tableMarkup({ title, columns, rows }: ReportTable): Markup {
  return markup`${title === '' ? '' : markup`<h2>${title}</h2>`}<div class="wide"><table>
${columns.length === 0 ? '' : markup`<thead><tr>${columns.map((column) => markup`<th scope="col">${column}</th>`)}</tr></thead>`}
<tbody>${rows.map(([first = '', ...cells]) => markup`<tr><th scope="row"><bdi>${first}</bdi></th>${cells.map((cell) => markup`<td${cell === '0' ? new Markup(' class="zero"') : ''}>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
}
