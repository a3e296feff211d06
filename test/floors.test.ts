/** Holds the floors of docs/architecture.md: an import points down, or stays in its own folder. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

/** Lowest first. What stands in one row may not import from each other. */
const FLOORS: readonly (readonly string[])[] = [
  ['base'],
  ['domain'],
  ['kernel', 'contract'],
  ['scheduler', 'engine', 'store', 'bus', 'callbacks', 'access', 'client'],
  ['service'],
  ['http'],
  ['setting.ts'],
  ['config.ts'],
  ['storage.ts'],
  ['main.ts', 'rescue.ts'],
  ['loadgen'],
  ['cli'],
];

/** What a folder may import at most, where that is less than everything below it. */
const ONLY: Readonly<Record<string, readonly string[]>> = {
  client: ['contract'],
  loadgen: ['base', 'domain', 'kernel', 'contract', 'client'],
};

const SRC = path.resolve(import.meta.dirname, '../src');

function partOf(file: string): string {
  return (path.relative(SRC, file).split(path.sep)[0] ?? '').replace('.test.ts', '.ts');
}

function floorOf(part: string): number {
  return FLOORS.findIndex((parts) => parts.includes(part));
}

function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8');
  const specifiers = source.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'(\.[^']+)'/g);
  return [...specifiers].map((match) => path.resolve(path.dirname(file), match[1] ?? ''));
}

test('every folder of src has a floor', () => {
  for (const file of globSync(`${SRC}/**/*.ts`))
    assert.notEqual(floorOf(partOf(file)), -1, `${file} has no floor`);
});

test('imports point down only', () => {
  const wrong = globSync(`${SRC}/**/*.ts`).flatMap((file) => {
    const from = partOf(file);
    return importsOf(file)
      .map(partOf)
      .filter((to) => to !== from)
      .filter((to) => floorOf(to) >= floorOf(from) || !(ONLY[from] ?? [to]).includes(to))
      .map((to) => `${path.relative(SRC, file)} imports from ${to}`);
  });
  assert.deepEqual(wrong, []);
});
