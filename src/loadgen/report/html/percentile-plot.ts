/** How long the slowest took: latency by percentile, each nine as wide as the one before. Pure. */
import type { Distribution, LoadResult } from '../../load-result.ts';
import { millisText } from '../amount-text.ts';
import type { Colour, Line, Plot, Readout } from './plot.ts';
import { tickMillis } from './plot-words.ts';
import { logScale, tailScale, type Scale } from './scale.ts';

interface Curve {
  readonly name: string;
  readonly colour: Colour;
  readonly look: Line['look'];
  readonly distribution: Distribution;
}

const ENDPOINT_COLOURS: readonly Colour[] = ['blue', 'teal', 'violet', 'amber', 'grey'];
/** Pointed at by steps of this share of the axis. */
const READOUTS = 60;

export function percentilePlot(result: LoadResult): Plot {
  const curves = curvesOf(result);
  const x = tailScale(Math.max(...curves.map(({ distribution }) => distribution.count), 0));
  const y = logScale(curves.flatMap(({ distribution }) => distribution.curve.map(([, ms]) => ms)));
  return {
    id: 'percentiles',
    title: 'Latency by percentile',
    about:
      'The further to the right, the rarer: each mark is ten times as rare as the one before. Both scales are logarithmic.',
    x: { scale: x, label: (tick) => `${tick} %`, name: 'of the answers took at most so long' },
    y: { scale: y, label: tickMillis },
    lines: curves.map(({ name, colour, look, distribution }) => ({
      name,
      colour,
      look,
      points: curvePoints(distribution, x, y),
    })),
    readouts: readoutsOf(curves, x.percentileAt),
  };
}

function curvesOf({ endpoints, timeToResult, callbacks }: LoadResult): Curve[] {
  const curves: Curve[] = endpoints.map(({ endpoint, latency }, i) => ({
    name: endpoint,
    colour: ENDPOINT_COLOURS[i % ENDPOINT_COLOURS.length] ?? 'grey',
    look: 'line',
    distribution: latency,
  }));
  curves.push({ name: 'until the result', colour: 'teal', look: 'dashed', distribution: timeToResult });
  if (callbacks)
    curves.push({
      name: 'until the callback',
      colour: 'violet',
      look: 'dashed',
      distribution: callbacks.fromAcceptance,
    });
  return curves.filter(({ distribution }) => distribution.count > 0);
}

/** Up to the percentile that the last value but one has: beyond it there is only the maximum, at the end of the line. */
function curvePoints({ curve, count }: Distribution, x: Scale, y: Scale): { x: number; y: number }[] {
  const end = 100 * (1 - 1 / Math.max(2, count));
  return curve.map(([percentile, ms]) => ({
    x: x.position(Math.min(percentile, end)),
    y: y.position(ms),
  }));
}

function readoutsOf(curves: readonly Curve[], percentileAt: (position: number) => number): Readout[] {
  if (curves.length === 0) return [];
  return Array.from({ length: READOUTS }, (_, i) => {
    const percentile = percentileAt((i + 0.5) / READOUTS);
    const values = curves.map(
      ({ name, distribution }) => `${shortName(name)} ${millisText(valueAt(distribution, percentile))}`,
    );
    return {
      from: i / READOUTS,
      to: (i + 1) / READOUTS,
      text: `${percentileText(percentile)}   ${values.join('   ')}`,
    };
  });
}

/** The least value of the curve at that percentile or a higher one. */
function valueAt({ curve, max }: Distribution, percentile: number): number {
  return curve.find(([at]) => at >= percentile)?.[1] ?? max;
}

function shortName(name: string): string {
  return name
    .replace(/^POST \//, '')
    .replace(/^until the /, '')
    .replace('GET result', 'GET');
}

/** As many nines as it has, and two digits more. */
function percentileText(percentile: number): string {
  const decimals = Math.max(0, Math.ceil(-Math.log10(1 - percentile / 100)) - 1);
  return `${percentile.toFixed(decimals)} %`;
}
