/** Holds docs/guarantees.md: every sentence in a table of it names a test that is there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '..');

test('every guarantee names a test that is there', () => {
  const text = readFileSync(path.join(ROOT, 'docs/guarantees.md'), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| (?!guarantee)/.test(line));
  assert.ok(rows.length > 20);
  for (const row of rows) {
    const [, file = '', title = ''] = /\| `([\w./-]+)`: (.+) \|$/.exec(row) ?? [];
    assert.notEqual(title, '', `no test is named: ${row}`);
    const source = readFileSync(path.join(ROOT, file), 'utf8').replaceAll("\\'", "'");
    const names = [...source.matchAll(/\b(?:test|it)\(\s*(["'`])(.+?)\1,/gs)].map(([, , name = '']) => name);
    assert.ok(
      names.some((name) => name.includes(title)),
      `${file} has no test "${title}"`,
    );
  }
});
