/**
 * The frame that all plots over an axis have: title, legend, grid, lines, and a readout for whoever points at a place. Pure.
 *
 * The lines are in an SVG that is stretched to any width (strokes are not), while texts and marks are placed by percentages, so that
 * a page on a telephone has letters of the same size as one on a wall. Nothing is scripted.
 */
import { markup, type Markup } from './markup.ts';
import type { Scale } from './scale.ts';

const PLOT_HEIGHT = 240;
const STRETCHED_WIDTH = 1_000;

/** One of the colours of the style. */
export type Colour = 'blue' | 'teal' | 'violet' | 'amber' | 'red' | 'grey';

export interface Point {
  /** Both in 0…1, `y` upwards. */
  readonly x: number;
  readonly y: number;
}

export interface Line {
  readonly name: string;
  readonly colour: Colour;
  /** Undefined: a gap. */
  readonly points: readonly (Point | undefined)[];
  readonly look: 'line' | 'dashed' | 'thin' | 'area';
}

/** A part of the x axis that shows its numbers when it is pointed at. */
export interface Readout {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** A part of the x axis that is set off. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

export interface Plot {
  readonly id: string;
  readonly title: string;
  /** A sentence: what is to be seen. */
  readonly about: string;
  readonly x: { readonly scale: Scale; readonly label: (tick: number) => string; readonly name: string };
  readonly y: { readonly scale: Scale; readonly label: (tick: number) => string };
  readonly lines: readonly Line[];
  readonly bands?: readonly Band[];
  readonly readouts: readonly Readout[];
}

export function plotMarkup({ id, title, about, x, y, lines, bands = [], readouts }: Plot): Markup {
  return markup`<div class="plot">
<ul class="legend">${lines.map(({ name, colour, look }) => markup`<li><svg width="22" height="10" aria-hidden="true"><line x1="1" y1="5" x2="21" y2="5" class="stroke ${colour} ${look === 'area' ? 'key-area' : look}"/></svg>${name}</li>`)}</ul>
<svg class="chart" width="100%" height="${PLOT_HEIGHT + 44}" role="img" aria-labelledby="${id}-title ${id}-about">
<title id="${id}-title">${title}</title><desc id="${id}-about">${about}</desc>
<svg x="0" y="20" width="100%" height="${PLOT_HEIGHT}" overflow="visible">
${bands.map(({ from, to, label }) => markup`<rect class="band" x="${percent(from)}" y="0" width="${percent(to - from)}" height="100%"/><text class="band-label" x="${percent(from)}" dx="5" y="13">${label}</text>`)}
${y.scale.ticks.map((tick) => yTick(y.scale.position(tick), y.label(tick)))}
${x.scale.ticks.map((tick) => xTick(x.scale.position(tick), x.label(tick)))}
<text class="axis-name" x="100%" y="${PLOT_HEIGHT + 36}" text-anchor="end">${x.name}</text>
<svg width="100%" height="${PLOT_HEIGHT}" viewBox="0 0 ${STRETCHED_WIDTH} ${PLOT_HEIGHT}" preserveAspectRatio="none" overflow="visible">
${lines.map(lineMarkup)}
</svg>
${readouts.map(readoutMarkup)}
${lines.every(({ points }) => points.every((point) => point === undefined)) ? markup`<text class="nothing" x="50%" y="50%" text-anchor="middle">nothing was measured</text>` : ''}
</svg>
</svg>
</div>`;
}

function yTick(at: number, label: string): Markup {
  const y = rounded((1 - at) * PLOT_HEIGHT);
  return markup`<line class="grid" x1="0" x2="100%" y1="${y}" y2="${y}"/><text class="tick" x="-8" y="${y}" dy="0.32em" text-anchor="end">${label}</text>`;
}

function xTick(at: number, label: string): Markup {
  const x = percent(at);
  return markup`<line class="tick-mark" x1="${x}" x2="${x}" y1="${PLOT_HEIGHT}" y2="${PLOT_HEIGHT + 4}"/><text class="tick" x="${x}" y="${PLOT_HEIGHT + 18}" text-anchor="${at > 0.97 ? 'end' : 'middle'}">${label}</text>`;
}

function lineMarkup({ points, colour, look }: Line): Markup {
  const runs = runsOf(points);
  if (look === 'area') {
    const areas = runs.map(
      (run) => `${path(run)}L${place(run.at(-1)?.x ?? 0, 0)}L${place(run[0]?.x ?? 0, 0)}Z`,
    );
    return markup`<path class="fill ${colour}" d="${areas.join('')}"/><path class="stroke ${colour} area" d="${runs.map(path).join('')}"/>`;
  }
  return markup`<path class="stroke ${colour} ${look}" d="${runs.map(path).join('')}"/>`;
}

/** The parts between the gaps. */
function runsOf(points: readonly (Point | undefined)[]): Point[][] {
  const runs: Point[][] = [[]];
  for (const point of points) {
    if (point) runs.at(-1)?.push(point);
    else if (runs.at(-1)?.length !== 0) runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}

function path(run: readonly Point[]): string {
  const [first, ...rest] = run;
  if (!first) return '';
  // A single point is a dot: the ends of lines are round.
  if (rest.length === 0) return `M${place(first.x, first.y)}h0.01`;
  return `M${place(first.x, first.y)}${rest.map(({ x, y }) => `L${place(x, y)}`).join('')}`;
}

function place(x: number, y: number): string {
  return `${rounded(x * STRETCHED_WIDTH)} ${rounded((1 - y) * PLOT_HEIGHT)}`;
}

function readoutMarkup({ from, to, text }: Readout): Markup {
  const middle = percent((from + to) / 2);
  return markup`<g class="spot"><rect x="${percent(from)}" y="0" width="${percent(to - from)}" height="100%"/><g class="readout"><line x1="${middle}" x2="${middle}" y1="0" y2="${PLOT_HEIGHT}"/><text x="100%" y="-7" text-anchor="end">${text}</text></g></g>`;
}

export function percent(share: number): string {
  return `${rounded(share * 100)}%`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
