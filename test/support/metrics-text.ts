/**
 * Reads the text format of Prometheus (version 0.0.4) to the letter, where Prometheus itself forgives much.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
import assert from 'node:assert/strict';

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*"`;
const VALUE = String.raw`NaN|[+-]Inf|[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`;
const HELP = new RegExp(String.raw`^# HELP (${NAME}) (?:[^\\]|\\[\\n])*$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (?:counter|gauge|histogram|summary|untyped)$`);
const SAMPLE = new RegExp(`^((${NAME})(?:\\{${LABEL}(?:,${LABEL})*\\})?) (${VALUE})$`);

/** The samples by name and labels as they stand there. Throws an AssertionError for whatever is not of the format. */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  assert(text.endsWith('\n'), 'The last line must end with a line feed');
  const samples = new Map<string, number>();
  const typed = new Set<string>();
  let current: string | undefined;
  for (const line of text.split('\n')) {
    if (line === '' || HELP.test(line)) continue;
    const type = TYPE.exec(line);
    if (type) {
      current = type[1] ?? '';
      assert(!typed.has(current), `${current} has its type twice`);
      typed.add(current);
      continue;
    }
    const [, series, name, value] =
      SAMPLE.exec(line) ?? assert.fail(`This is no line of the format: ${line}`);
    assert.equal(name, current, `The samples of ${name} must stand together behind its type`);
    assert(series !== undefined && !samples.has(series), `${series} is there twice`);
    samples.set(series, Number(value?.replace('Inf', 'Infinity')));
  }
  return samples;
}
