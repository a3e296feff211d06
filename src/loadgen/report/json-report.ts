/** The report of a load for programs: its result, its metrics by the names that conditions have, and the verdict on it. Pure. */
import type { LoadResult } from '../load-result.ts';
import { measuredMetrics } from './metric.ts';
import type { Verdict } from './verdict.ts';

/** The member `verdict` of the report. */
export interface ToldVerdict {
  /** Whether the load ran to its end and everything held; an interrupted one has not passed. */
  readonly passed: boolean;
  /** In words: what every load is held to, and then the user's own conditions. */
  readonly failures: readonly string[];
  readonly warnings: readonly string[];
}

/** JSON with a line break at its end. */
export function jsonReport(result: LoadResult, verdict: Verdict): string {
  return `${JSON.stringify({ ...result, metrics: measuredMetrics(result), verdict: toldVerdict(verdict) }, undefined, 2)}\n`;
}

function toldVerdict({ word, faults, assertions, warnings }: Verdict): ToldVerdict {
  const broken = assertions.filter(({ holds }) => !holds);
  return {
    passed: word === 'passed',
    failures: [...faults, ...broken.map(({ text, actual }) => `${text}: it is not: ${actual}`)],
    warnings,
  };
}
