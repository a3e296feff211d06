/** How far a job is, from what is known of its number and what is under way. Pure. */
import type { Activity } from './activity.ts';
import { curvesBeforeSieve } from './curves-before-sieve.ts';
import { estimateCpuMs } from './estimate.ts';
import type { Progress, Stage } from './kernel.ts';
import type { Part } from './part.ts';
import { proofFraction } from './primality-proof.ts';
import { sieveRemainingMs } from './sieve-remaining.ts';
import type { SiqsProgress } from './siqs.ts';

export interface JobSituation {
  readonly parts: readonly Part[];
  readonly activity: Activity;
  /** Of the sieve that is under way; what it says where none is does not matter. */
  readonly sieve: () => SiqsProgress;
  readonly memoryBytes: number;
}

/** What curves are told to be of a job that comes to the sieve. */
const ECM_SHARE = 0.15;

/** `shown` is what was told last. */
export function jobProgress(situation: JobSituation, shown: Progress): Progress {
  const now = progressNow(situation);
  // A second composite starts its stages anew; for the job as a whole that is no step back. Proofs are what remains to be done.
  const goesOn = now.stage === shown.stage || now.stage === 'primality';
  return { ...now, fraction: Math.max(now.fraction, goesOn ? shown.fraction : 0) };
}

function progressNow({ parts, activity, sieve, memoryBytes }: JobSituation): Progress {
  switch (activity.kind) {
    case 'trial-division':
      return { stage: 'trial-division', fraction: 0 };
    case 'primality':
      return { stage: 'primality', fraction: 0 };
    case 'proof':
      return { stage: 'primality', fraction: fractionOfProof(parts, activity) };
    case 'choosing':
      return ecmProgress(
        parts.find(({ kind }) => kind === 'composite'),
        memoryBytes,
      );
    case 'ecm':
      return ecmProgress(
        parts.find(({ value }) => value === activity.value),
        memoryBytes,
      );
    case 'siqs':
      return sieveProgress(activity, sieve());
    case 'finished':
  }
  return { stage: 'small', fraction: 1, remainingMs: 0 };
}

/** Of the whole job, if the proof is the last thing to do; before a sieve it is next to nothing. */
function fractionOfProof(
  parts: readonly Part[],
  { value, proof }: Extract<Activity, { kind: 'proof' }>,
): number {
  const isLast = parts.every((part) => part.value === value || !isUnderWay(part));
  return isLast ? proofFraction(value, proof) : 0;
}

/** Whether there is more to be found out about a part. */
function isUnderWay({ kind, proofGaveUp }: Part): boolean {
  return kind === 'untested' || kind === 'composite' || (kind === 'probable' && !proofGaveUp);
}

/** Nothing honest can be said of curves that no sieve comes after. */
function ecmProgress(part: Part | undefined, memoryBytes: number): Progress {
  if (part === undefined) return { stage: 'primality', fraction: 0 };
  const planned = curvesBeforeSieve(part, memoryBytes);
  if (planned === Infinity) return { stage: 'ecm', fraction: 0 };
  return progressByTable('ecm', part.value, ECM_SHARE * Math.min(1, part.curves / Math.max(1, planned)));
}

function sieveProgress(
  { value, measured }: Extract<Activity, { kind: 'siqs' }>,
  { stage, fraction, found, needed }: SiqsProgress,
): Progress {
  const byTable = progressByTable(stage, value, ECM_SHARE + (1 - ECM_SHARE) * fraction);
  const remainingMs = sieveRemainingMs(byTable.remainingMs, fraction, measured);
  return { ...byTable, remainingMs, ...(stage === 'siqs' && { relations: { found, needed } }) };
}

function progressByTable(
  stage: Stage,
  value: bigint,
  fraction: number,
): Progress & { readonly remainingMs: number } {
  return { stage, fraction, remainingMs: (1 - fraction) * estimateCpuMs(value) };
}
