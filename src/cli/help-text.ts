/** The help of a command, from its table. Pure. */
import type { Command } from './command.ts';

export function helpText(name: string, { usage, about, options }: Command): string {
  const withHelp: Command['options'] = { ...options, help: { about: 'show this' } };
  const rows = Object.entries(withHelp).map(([option, { value, about: what }]): [string, string] => [
    value === undefined ? `--${option}` : `--${option} ${value}`,
    what,
  ]);
  return `Usage: fairsieve ${[name, usage].join(' ').trimEnd()}\n\n${about}\n\nOptions:\n${columns(rows)}`;
}

/** Rows of two cells, the second one aligned. */
export function columns(rows: readonly (readonly string[])[]): string {
  const width = Math.max(...rows.map(([first = '']) => first.length));
  return rows.map(([first = '', second = '']) => `  ${first.padEnd(width)}  ${second}`).join('\n');
}
