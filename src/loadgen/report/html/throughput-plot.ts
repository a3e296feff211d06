/** Throughput over time: what was planned, and what came of it. Pure. */
import type { LoadResult } from '../../load-result.ts';
import { countText, significant } from '../amount-text.ts';
import { clockText, plotSeconds, secondsText } from './per-second.ts';
import { bandsOf } from './plot-words.ts';
import type { Plot, Point } from './plot.ts';
import { linearScale, timeScale } from './scale.ts';

const TIME_TICKS_MAX = 8;
const RATE_TICKS = 5;

export function throughputPlot({ seconds, options, elapsedMs }: LoadResult): Plot {
  const points = plotSeconds(seconds, elapsedMs);
  const x = timeScale(seconds.length, TIME_TICKS_MAX);
  const y = linearScale(
    Math.max(
      1,
      ...points.flatMap(({ planned, answered, done, failed }) => [planned, answered, done, failed]),
    ),
    RATE_TICKS,
  );
  const line = (key: 'planned' | 'answered' | 'done' | 'failed'): Point[] =>
    points.map((point) => ({ x: x.position(point.second + point.length / 2), y: y.position(point[key]) }));
  const steps = points.flatMap(({ second, length, planned }) => [
    { x: x.position(second), y: y.position(planned) },
    { x: x.position(second + length), y: y.position(planned) },
  ]);
  return {
    id: 'throughput',
    title: 'Throughput over time',
    about:
      'Of each second: arrivals planned, submissions answered, requests whose right result became known, and failures.',
    x: { scale: x, label: clockText, name: 'since the beginning' },
    y: { scale: y, label: (tick) => (tick >= 1_000 ? countText(tick) : significant(tick)) },
    lines: [
      { name: 'planned', colour: 'grey', look: 'area', points: steps },
      { name: 'answered', colour: 'blue', look: 'line', points: line('answered') },
      { name: 'done', colour: 'teal', look: 'line', points: line('done') },
      ...(points.some(({ failed }) => failed > 0)
        ? [{ name: 'failed', colour: 'red', look: 'line', points: line('failed') } as const]
        : []),
    ],
    bands: bandsOf(options, seconds.length),
    readouts: points.map((point) => ({
      from: x.position(point.second),
      to: x.position(point.second + point.length),
      text: `${secondsText(point)}   planned ${rate(point.planned)}   answered ${rate(point.answered)}   done ${rate(point.done)}   failed ${rate(point.failed)}`,
    })),
  };
}

function rate(perSecond: number): string {
  return Number.isInteger(perSecond) ? countText(perSecond) : significant(perSecond);
}
