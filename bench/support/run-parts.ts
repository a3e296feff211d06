/** A benchmark made of parts, each with servers of its own: one after the other, their results together. */
import type { BenchmarkOptions, Result } from './benchmark.ts';

export async function runParts(
  parts: readonly ((options: BenchmarkOptions) => Promise<Result>)[],
  options: BenchmarkOptions,
): Promise<Result> {
  const results: Result[] = [];
  for (const part of parts) results.push(await part(options));
  return {
    tables: results.flatMap(({ tables }) => tables),
    notes: results.flatMap(({ notes }) => notes),
    failures: results.reduce((sum, { failures }) => sum + failures, 0),
  };
}
