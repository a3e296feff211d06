/** A load that is under way, as three lines of a terminal, or one of a log. Pure. */
import type { LoadStep, LoadStepName, LoadTick } from '../load-result.ts';
import { countText, millisText, rateText, spanText } from './amount-text.ts';

export interface LivePlan {
  readonly durationMs: number;
  readonly graceMs: number;
}

const BAR_CHARS_MAX = 40;
const SPARKS = '▁▂▃▄▅▆▇█';
const SPARK_CHARS_MAX = 60;

const STEP_WORDS: Readonly<Record<LoadStepName, string>> = {
  services: 'asking whether the service is there',
  secrets: 'asking for the secrets of the callers',
  callbacks: 'trying whether callbacks come',
  numbers: 'making numbers',
  threads: 'starting threads',
};

/** What is done before a load begins, and how far it is where it is done for several. */
export function stepLine({ name, done, of }: LoadStep): string {
  return `${STEP_WORDS[name]}${of > 1 ? `: ${countText(done)} of ${countText(of)}` : ''}`;
}

/** Each fits into `columns`, leaving the last one free, where some terminals wrap. `rates`: answers of the last seconds. */
export function liveLines(
  tick: LoadTick,
  plan: LivePlan,
  rates: readonly number[],
  columns: number,
): string[] {
  const width = Math.max(0, columns - 1);
  const counts = [
    `${countText(tick.planned)} planned`,
    `${countText(tick.answered)} answered`,
    `${countText(tick.done)} done`,
    ...troubles(tick),
  ].join(' · ');
  const times = `  ${presentTexts(tick).join('  ')}  `;
  const room = Math.min(SPARK_CHARS_MAX, width - times.length);
  return [
    progress(tick, plan, width),
    `  ${counts}`,
    times + (room > 0 ? sparkline(rates.slice(-room)) : ''),
  ].map((line) => line.slice(0, width).trimEnd());
}

/** For where nothing can be written over. */
export function logLine(tick: LoadTick, { durationMs }: LivePlan): string {
  return [
    tick.phase === 'load'
      ? `${elapsedText(tick)} of ${spanText(durationMs)}`
      : `${elapsedText(tick)}, waiting for the rest`,
    `${countText(tick.answered)} answered`,
    `${countText(tick.done)} done`,
    ...presentTexts(tick),
    ...troubles(tick),
  ].join(', ');
}

/** One character for each value, the largest as high as can be. */
export function sparkline(values: readonly number[]): string {
  const max = Math.max(1, ...values);
  return values.map((value) => SPARKS[Math.round((value / max) * (SPARKS.length - 1))] ?? '').join('');
}

/** In whole seconds, the nearest one, as the bar has it: it changes often enough. */
function elapsedText({ elapsedMs }: LoadTick): string {
  const seconds = Math.round(elapsedMs / 1_000);
  return seconds === 0 ? '0 s' : spanText(seconds * 1_000);
}

/** Of the last second: where nothing was answered there are no latencies. */
function presentTexts({ answeredPerSecond, p50, p99 }: LoadTick): string[] {
  const latencies = answeredPerSecond > 0 ? [`p50 ${millisText(p50)}`, `p99 ${millisText(p99)}`] : [];
  return [rateText(answeredPerSecond), ...latencies];
}

function troubles({ failed, wrong }: LoadTick): string[] {
  return [
    ...(failed > 0 ? [`${countText(failed)} FAILED`] : []),
    ...(wrong > 0 ? [`${countText(wrong)} WRONG`] : []),
  ];
}

function progress(tick: LoadTick, { durationMs, graceMs }: LivePlan, width: number): string {
  const { phase, elapsedMs } = tick;
  const isLoad = phase === 'load';
  const fraction = isLoad ? elapsedMs / durationMs : (elapsedMs - durationMs) / graceMs;
  const share = Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 1));
  const start = isLoad ? '  load  ' : '  rest  ';
  const end = isLoad
    ? `  ${elapsedText(tick)} of ${spanText(durationMs)}`
    : `  waiting for the rest, at most ${spanText(graceMs)}`;
  const bar = Math.max(0, Math.min(BAR_CHARS_MAX, width - start.length - end.length));
  const filled = Math.round(bar * share);
  return `${start}${'━'.repeat(filled)}${'┄'.repeat(bar - filled)}${end}`;
}
