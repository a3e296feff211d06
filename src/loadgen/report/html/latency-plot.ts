/** Latency over time: how long the answers of each second took. Pure. */
import type { Pace } from '../../load-options.ts';
import type { LoadResult } from '../../load-result.ts';
import { millisText } from '../amount-text.ts';
import { clockText, plotSeconds, secondsText, type PlotSecond } from './per-second.ts';
import type { Plot, Point } from './plot.ts';
import { logScale, timeScale } from './scale.ts';
import { bandsOf, tickMillis } from './plot-words.ts';

const TIME_TICKS_MAX = 8;

export function latencyPlot({ seconds, options, elapsedMs }: LoadResult): Plot {
  const points = plotSeconds(seconds, elapsedMs);
  const measured = points.filter(({ answered }) => answered > 0);
  const x = timeScale(seconds.length, TIME_TICKS_MAX);
  const y = logScale(measured.flatMap(({ p50, max }) => [p50, max]));
  const line = (key: 'p50' | 'p99' | 'max'): (Point | undefined)[] =>
    points.map((point) =>
      point.answered > 0 ? { x: x.position(middle(point)), y: y.position(point[key]) } : undefined,
    );
  return {
    id: 'latency',
    title: 'Latency over time',
    about: aboutPoints(points[0]?.length ?? 1, options.pace.kind),
    x: { scale: x, label: clockText, name: 'since the beginning' },
    y: { scale: y, label: tickMillis },
    lines: [
      { name: 'max', colour: 'amber', look: 'thin', points: line('max') },
      { name: 'p99', colour: 'violet', look: 'line', points: line('p99') },
      { name: 'p50', colour: 'blue', look: 'line', points: line('p50') },
    ],
    bands: bandsOf(options, seconds.length),
    readouts: points.map((point) => ({
      from: x.position(point.second),
      to: x.position(point.second + point.length),
      text:
        point.answered > 0
          ? `${secondsText(point)}   p50 ${millisText(point.p50)}   p99 ${millisText(point.p99)}   max ${millisText(point.max)}`
          : `${secondsText(point)}   no answer`,
    })),
  };
}

const COUNTED_FROM: Readonly<Record<Pace['kind'], string>> = {
  open: 'the moment for which each was planned',
  closed: 'the moment at which each was sent',
};

function aboutPoints(length: number, pace: Pace['kind']): string {
  const of =
    length <= 1
      ? 'Of the submissions answered in each second'
      : `Of the submissions answered in the worst of each ${length} seconds`;
  return `${of}, counted from ${COUNTED_FROM[pace]}; on a log scale.`;
}

function middle({ second, length }: PlotSecond): number {
  return second + length / 2;
}
