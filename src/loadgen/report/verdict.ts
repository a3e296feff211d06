/**
 * Whether a load went well: nothing lost, wrong or failed, and every assertion holds. Pure.
 *
 * Invariants:
 *   V1. What every load is held to is in one table, in the grammar of `--assert`.
 *   V2. An assertion about a metric of that table takes its place, save for what nothing excuses: `wrong` and `lost`.
 */
import type { LoadResult } from '../load-result.ts';
import { countOf, countText, millisText, shareText, spanText } from './amount-text.ts';
import { checkAssertion, parseAssertion, type Assertion, type AssertionOutcome } from './assertion.ts';
import { lateCount } from './metric.ts';

export interface Verdict {
  /** A load that was interrupted can fail, but it cannot pass. */
  readonly word: 'passed' | 'failed' | 'interrupted';
  /** Wrong answers: before and above everything else. */
  readonly alarms: readonly string[];
  /** What every load is held to and this one is not, in words. */
  readonly faults: readonly string[];
  /** The user's own assertions, in their order. */
  readonly assertions: readonly AssertionOutcome[];
  /** No failure, and yet to be known by whoever reads the numbers. */
  readonly warnings: readonly string[];
}

/** In the order in which they are told. */
const EXPECTATIONS: Readonly<Record<string, { readonly assertion: Assertion; readonly fault: Fault }>> =
  Object.fromEntries(
    (
      [
        [
          'wrong=0',
          (n, { done }) => `${countOf(n, 'answer is', 'answers are')} wrong, ${countText(done)} are right`,
        ],
        ['lost=0', (n) => `${countOf(n, 'accepted request is', 'accepted requests are')} lost`],
        ['failed=0', (n) => `${countOf(n, 'exchange')} failed`],
        ['unanswered=0', (n) => `${countOf(n, 'exchange was', 'exchanges were')} never answered`],
        [
          'unfinished=0',
          (n, { options }) =>
            `${countOf(n, 'accepted request has', 'accepted requests have')} no result ${millisText(options.graceMs)} after the last arrival`,
        ],
        ['missing=0', (n) => `${countOf(n, 'callback')} never came`],
        ['badly-signed=0', (n) => `${countOf(n, 'callback is', 'callbacks are')} badly signed`],
        ['gaps=0', (n) => `${countOf(n, 'number is', 'numbers are')} missing in the sequences of callbacks`],
        ['sent>0', () => 'nothing was sent, so nothing is shown'],
      ] satisfies [string, Fault][]
    ).map(([text, inWords]) => {
      const parsed = parseAssertion(text);
      if (parsed.kind === 'fault') throw new Error(parsed.reason);
      return [parsed.assertion.metric.name, { assertion: parsed.assertion, fault: inWords }];
    }),
  );

type Fault = (count: number, result: LoadResult) => string;

/** Metrics whose expectation no assertion replaces. */
const INEXCUSABLE: ReadonlySet<string> = new Set(['wrong', 'lost']);

/** Metrics that an interrupted load is not held to: they count what was under way. */
const CUT_SHORT: ReadonlySet<string> = new Set(['unanswered', 'unfinished', 'missing', 'gaps', 'sent']);

/** From here on the arrivals are no longer those that were planned. */
const LAG_P99_MS_MAX = 50;
/** Of the arrivals, those that may find no free connection without a word. */
const CONNECTION_WAITS_MAX = 0.01;
/** Of its threads' time; beyond this the generator's own work is part of what is measured. */
const BUSY_SHARE_MAX = 0.8;
/** Of a shorter load most is the start of its threads. */
const BUSY_MS_MIN = 1_000;

export function verdictOf(result: LoadResult, assertions: readonly Assertion[]): Verdict {
  const outcomes = assertions.map((assertion) => checkAssertion(assertion, result));
  const replaced = new Set(
    assertions.map(({ metric }) => metric.name).filter((name) => !INEXCUSABLE.has(name)),
  );
  const failing = Object.entries(EXPECTATIONS)
    .filter(([name]) => !replaced.has(name) && !(result.interrupted && CUT_SHORT.has(name)))
    // A load without callbacks has none of them missing.
    .filter(([, { assertion }]) => assertion.metric.read(result) !== undefined)
    .filter(([, { assertion }]) => !checkAssertion(assertion, result).holds);
  const isHeld = failing.length === 0 && outcomes.every(({ holds }) => holds);
  return {
    word: isHeld ? (result.interrupted ? 'interrupted' : 'passed') : 'failed',
    alarms: alarmsOf(result),
    faults: failing.map(([, { assertion, fault }]) => fault(assertion.metric.read(result) ?? 0, result)),
    assertions: outcomes,
    warnings: warningsOf(result),
  };
}

function alarmsOf({ wrong, wrongExamples }: LoadResult): string[] {
  if (wrong === 0) return [];
  return [countOf(wrong, 'WRONG ANSWER', 'WRONG ANSWERS'), ...wrongExamples];
}

function warningsOf(result: LoadResult): string[] {
  const { generator, callbacks, planned, interrupted, elapsedMs, distinctNumbers } = result;
  const { lag, dropped, connectionWaits, cores, receiverCores, threads } = generator;
  const late = lateCount(result);
  const warnings: [boolean, () => string][] = [
    [
      interrupted,
      () =>
        `Interrupted after ${spanText(elapsedMs)}: nobody waited for what was under way then, so it is counted as unanswered, unfinished or missing, and not held against the service`,
    ],
    [
      dropped > 0,
      () =>
        `THE GENERATOR COULD NOT KEEP UP: ${countText(dropped)} of ${countText(planned)} planned arrivals (${shareText(dropped / planned)}) were never sent, so this is not the load that was asked for. Give it more threads or connections, or a machine of its own`,
    ],
    [
      lag.count > 0 && lag.p99 > LAG_P99_MS_MAX,
      () =>
        `The generator was late itself: it got round to one arrival in a hundred ${millisText(lag.p99)} or more after its planned moment. The latencies count that`,
    ],
    [
      connectionWaits > CONNECTION_WAITS_MAX * planned,
      () =>
        `${countText(connectionWaits)} of ${countText(planned)} arrivals found no free connection to submit with: the load asks for more at a time than its connections allow, or the service is slow. The latencies count that wait`,
    ],
    [
      elapsedMs >= BUSY_MS_MIN && cores > BUSY_SHARE_MAX * threads,
      () =>
        `The generator was busy: it used ${cores.toFixed(2)} cores of the ${threads} that its threads can use`,
    ],
    [
      receiverCores > BUSY_SHARE_MAX,
      () =>
        `The thread that receives callbacks was busy: it used ${receiverCores.toFixed(2)} cores. The times of callbacks count that`,
    ],
    [
      planned > distinctNumbers,
      () =>
        `Numbers came again: only ${countText(distinctNumbers)} of ${countText(planned)} were surely different, and the others may have been answered from memory`,
    ],
    [late > 0, () => `${countOf(late, 'answer')} took longer than 2 s`],
    [
      (callbacks?.twice ?? 0) > 0,
      () =>
        `${countOf(callbacks?.twice ?? 0, 'callback')} came more than once, as at-least-once delivery may`,
    ],
    [
      (callbacks?.unverified ?? 0) > 0,
      () =>
        `${countOf(callbacks?.unverified ?? 0, 'callback')} could not be verified: no secret was given (--secret)`,
    ],
  ];
  return warnings.filter(([isSo]) => isSo).map(([, text]) => text());
}
