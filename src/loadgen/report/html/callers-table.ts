/** Waiting time and share of the CPU, caller by caller: a row each, drawn and in numbers. Pure. */
import type { CallerResult, LoadResult } from '../../load-result.ts';
import { countText, millisText, shareText, wholeMillisText } from '../amount-text.ts';
import { longestWait, shownCallers } from '../report-tables.ts';
import { markup, type Markup } from './markup.ts';
import { percent } from './plot.ts';
import { tickMillis } from './plot-words.ts';
import { logScale, type Scale } from './scale.ts';

const ROW_HEIGHT = 22;

export function callersTable({ callers }: LoadResult): Markup {
  const { shown, left } = shownCallers(callers);
  const waited = callers.filter(({ waiting }) => waiting.count > 0);
  const scale = logScale(waited.flatMap(({ waiting }) => [Math.max(0.1, waiting.p50), waiting.max]));
  const sentByAll = callers.reduce((sum, { sent }) => sum + sent, 0);
  const shareMax = Math.max(
    ...callers.map(({ cpuShare, sent }) => Math.max(cpuShare, sent / sentByAll)),
    0.01,
  );
  return markup`<table class="callers">
<thead><tr><th scope="col">caller</th><th scope="col" class="drawn">waited, p50 to p99, and longest ${axis(scale)}</th><th scope="col">p50</th><th scope="col">p99</th><th scope="col">longest</th><th scope="col" class="drawn share">share of CPU time <span class="note">(line: of requests)</span></th><th scope="col">CPU</th><th scope="col">sent</th><th scope="col">done</th><th scope="col">unfinished</th></tr></thead>
<tbody>${shown.map((caller) =>
    caller === 'gap'
      ? markup`<tr class="gap"><td colspan="10">… ${countText(left)} callers in between …</td></tr>`
      : row(caller, scale, shareMax, sentByAll),
  )}</tbody>
</table>`;
}

function row(caller: CallerResult, scale: Scale, shareMax: number, sentByAll: number): Markup {
  const { callerId, sent, done, unfinished, waiting, cpuMs, cpuShare } = caller;
  // The service tells neither waiting nor CPU time of values.
  const isTold = waiting.count > 0;
  const told = (text: string): string => (isTold ? text : '–');
  return markup`<tr><th scope="row"><bdi>${shortened(callerId)}</bdi></th><td class="drawn">${isTold ? waitMarkup(waiting, scale) : ''}</td><td>${told(wholeMillisText(waiting.p50))}</td><td>${told(wholeMillisText(waiting.p99))}</td><td>${longestWait(caller, wholeMillisText)}</td><td class="drawn share">${isTold ? shareMarkup(cpuShare / shareMax, sent / sentByAll / shareMax) : ''}<span class="amount">${told(shareText(cpuShare))}</span></td><td>${told(millisText(cpuMs))}</td><td>${countText(sent)}</td><td>${countText(done)}</td><td>${countText(unfinished)}</td></tr>`;
}

/** A bar from p50 to p99, and a dot at the longest. */
function waitMarkup({ p50, p99, max }: CallerResult['waiting'], scale: Scale): Markup {
  const [from, to, end] = [p50, p99, max].map((ms) => percent(scale.position(ms)));
  return markup`<svg class="wait" width="100%" height="${ROW_HEIGHT}" overflow="visible" aria-hidden="true">${scale.ticks.map((tick) => markup`<line class="grid" x1="${percent(scale.position(tick))}" x2="${percent(scale.position(tick))}" y1="-6" y2="${ROW_HEIGHT + 6}"/>`)}<line class="reach" x1="${from ?? ''}" x2="${end ?? ''}" y1="50%" y2="50%"/><line class="range" x1="${from ?? ''}" x2="${to ?? ''}" y1="50%" y2="50%"/><circle class="middle" cx="${from ?? ''}" cy="50%" r="4.5"/><circle class="longest" cx="${end ?? ''}" cy="50%" r="2.5"/></svg>`;
}

/** A bar of what was had, and a line at what was asked for. */
function shareMarkup(had: number, asked: number): Markup {
  return markup`<svg width="100%" height="${ROW_HEIGHT}" aria-hidden="true"><rect class="rail" width="100%" height="8" y="7" rx="4"/><rect class="had" width="${percent(had)}" height="8" y="7" rx="4"/><line class="asked" x1="${percent(Math.min(asked, 0.995))}" x2="${percent(Math.min(asked, 0.995))}" y1="3" y2="19"/></svg>`;
}

function axis(scale: Scale): Markup {
  return markup`<svg class="axis" width="100%" height="14" overflow="visible" aria-hidden="true">${scale.ticks.map((tick) => markup`<text class="${Number.isInteger(Math.log10(tick)) ? 'tick' : 'tick minor'}" x="${percent(scale.position(tick))}" y="11" text-anchor="${scale.position(tick) > 0.97 ? 'end' : scale.position(tick) < 0.03 ? 'start' : 'middle'}">${tickMillis(tick)}</text>`)}</svg>`;
}

const ID_CHARS_MAX = 24;

/** The beginning and the end: ids often differ in their last letters. */
function shortened(callerId: string): string {
  const letters = Array.from(callerId);
  if (letters.length <= ID_CHARS_MAX) return callerId;
  return `${letters.slice(0, 15).join('')}…${letters.slice(-8).join('')}`;
}
