/** What other threads do for a job: which help is worth giving, and the helper that gives it. */
import { assert } from '../base/assert.ts';
import { CurveHelper } from './curve-helper.ts';
import type { HelpWanted, Job, Progress } from './kernel.ts';
import { KernelInstance } from './kernel-instance.ts';
import { SieveHelper } from './sieve-helper.ts';

/** A number that is nearer to its end, by its `remainingMs`, is done before a helper has paid for its start. */
const HELPED_MS_MIN = 300;

/** What helpers should do for a job that says `wanted` of itself. Help once begun is worth going on with to the end. */
export function helpWorthGiving(
  wanted: HelpWanted | undefined,
  { remainingMs = Infinity }: Pick<Progress, 'remainingMs'>,
  isHelped: boolean,
): HelpWanted | undefined {
  return isHelped || remainingMs >= HELPED_MS_MIN ? wanted : undefined;
}

/** Whether a helper that does the one does the other. */
export function isSameHelp(a: HelpWanted | undefined, b: HelpWanted | undefined): boolean {
  return a?.value === b?.value && a?.curves?.b1 === b?.curves?.b1;
}

/** See `Kernel.help`. */
export function startHelper(
  module: WebAssembly.Module,
  { value, curves }: HelpWanted,
  memory: WebAssembly.Memory,
  lane: number,
): Job {
  assert(
    Number.isInteger(lane) && lane >= 1 && lane < 2 ** 32,
    `Cannot help in lane ${lane}: it must be an integer from 1 to ${2 ** 32 - 1}`,
  );
  const instance = new KernelInstance(module, memory);
  instance.exports.init();
  return curves ? CurveHelper.start(instance, value, curves, lane) : SieveHelper.start(instance, value, lane);
}
