/**
 * A number being factored, as a machine whose moves take a few milliseconds each.
 *
 * trial division → for each part: words to the end, perfect powers, Baillie–PSW → for each composite that the quadratic sieve can
 * take: elliptic curves as long as they are the better bet, then the sieve → for each probable prime: a proof, where one is in
 * reach → for composites beyond the sieve's range, or if it gives up: elliptic curves for ever.
 *
 * Invariants:
 *   J1. `parts` always multiply to the number.
 *   J2. What a move needs lies in the state or in the memory, never in this object: any thread goes on with the pair.
 */
import { assert } from '../base/assert.ts';
import { factorization, type Factorization } from '../domain/factorization.ts';
import { bitLength } from './bit-length.ts';
import { startCurves, stepCurves } from './curves.ts';
import { CURVES_AT_ONCE, curvesWithin, nextCurves, sieveShare } from './ecm-schedule.ts';
import { estimateCpuMs, estimateCpuMsOfBits } from './estimate.ts';
import { decodeRecord, encodeRecord, type JobRecord } from './job-chunk.ts';
import type { HelpWanted, Job, JobState, Progress, Stage, StepOutcome } from './kernel.ts';
import { PSW_PROBABLE_PRIME, STEP_UNFINISHED } from './kernel-exports.ts';
import type { KernelInstance } from './kernel-instance.ts';
import { learnFrom } from './learn-from.ts';
import { factorsOf, mergeParts, type Part, replacePart, splitPart, untestedPart } from './part.ts';
import { productNs } from './product-cost.ts';
import { perfectPower } from './perfect-power.ts';
import { proofFraction, proofStart, type ProofState, proofStep } from './primality-proof.ts';
import { isInSieveRange } from './sieve-range.ts';
import { takeRelationChunks } from './sieve-helper.ts';
import { type SieveMeasured, sieveRemainingMs } from './sieve-remaining.ts';
import { Siqs, type SiqsState } from './siqs.ts';
import { divideByPrimes, TRIAL_BOUND, trialDepthFor } from './trial-division.ts';
import { WORD_END } from './word-end.ts';

/** What is under way in the memory; `choosing` is between two. */
type Activity =
  | { readonly kind: 'trial-division' }
  | { readonly kind: 'choosing' }
  | { readonly kind: 'primality'; readonly value: bigint }
  | { readonly kind: 'proof'; readonly value: bigint; readonly proof: ProofState }
  | { readonly kind: 'ecm'; readonly value: bigint }
  | {
      readonly kind: 'siqs';
      readonly value: bigint;
      readonly sieve: SiqsState;
      readonly measured: SieveMeasured;
    }
  | { readonly kind: 'finished' };

interface FactorJobState extends JobState {
  readonly parts: readonly Part[];
  readonly activity: Activity;
  /** The progress last told. */
  readonly shown: Progress;
  /** What has changed since chunks were last taken. */
  readonly unsaved: { readonly parts: boolean; readonly curves: boolean };
}

const STATE_VERSION = 1;
const MOVE_NS = 1_000_000;
/** What curves are told to be of a job that comes to the sieve. */
const ECM_SHARE = 0.15;

export class FactorJob implements Job {
  readonly #kernel: KernelInstance;
  readonly #number: bigint;
  readonly #siqs: Siqs;
  readonly #cpuMs: () => number;
  #parts: readonly Part[];
  #activity: Activity;
  #shown: Progress;
  #unsaved: FactorJobState['unsaved'];

  private constructor(kernel: KernelInstance, cpuMs: () => number, state: FactorJobState) {
    this.#kernel = kernel;
    this.#cpuMs = cpuMs;
    this.#number = state.number;
    this.#parts = state.parts;
    this.#activity = state.activity;
    this.#shown = state.shown;
    this.#unsaved = state.unsaved;
    this.#siqs = new Siqs(kernel.exports, kernel.memory);
    if (state.activity.kind === 'siqs') this.#siqs.attach(state.activity.sieve);
  }

  /** Begins, or begins again from the job's log, over a memory that `init` has seen. `cpuMs` is the CPU time of the thread, from anywhere. */
  static start(
    kernel: KernelInstance,
    cpuMs: () => number,
    number: bigint,
    chunks: readonly Uint8Array[],
  ): FactorJob {
    assert(number >= 1n, () => `Cannot factor ${number}: it must be at least 1`);
    const job = new FactorJob(kernel, cpuMs, {
      version: STATE_VERSION,
      number,
      parts: mergeParts([untestedPart(number, 1)]),
      activity: { kind: 'trial-division' },
      shown: { stage: 'trial-division', fraction: 0 },
      unsaved: { parts: false, curves: false },
    });
    job.#replay(chunks);
    return job;
  }

  static attach(kernel: KernelInstance, cpuMs: () => number, state: JobState): FactorJob {
    assert(state.version === STATE_VERSION, `Cannot attach to a job of version ${state.version}`);
    return new FactorJob(kernel, cpuMs, state as FactorJobState);
  }

  state(): FactorJobState {
    return {
      version: STATE_VERSION,
      number: this.#number,
      parts: this.#parts,
      activity: this.#activity,
      shown: this.#shown,
      unsaved: this.#unsaved,
    };
  }

  step(shouldYield: () => boolean): StepOutcome {
    const beganMs = this.#cpuMs();
    while (this.#activity.kind !== 'finished') {
      this.#move();
      if (shouldYield()) break;
    }
    this.#measure(this.#cpuMs() - beganMs);
    return this.#activity.kind === 'finished' ? 'finished' : 'unfinished';
  }

  /** Counts CPU time as the sieve's, from its first polynomial on: what is fed before comes sooner than it could be found. */
  #measure(cpuMs: number): void {
    const activity = this.#activity;
    if (activity.kind !== 'siqs') return;
    const { hasSieved, fraction } = this.#siqs.progress();
    const measured = hasSieved
      ? { ...activity.measured, cpuMs: activity.measured.cpuMs + cpuMs }
      : { cpuMs: 0, from: fraction };
    this.#activity = { ...activity, measured };
  }

  takeChunks(): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    if (this.#unsaved.parts) chunks.push(encodeRecord({ kind: 'parts', parts: this.#parts }));
    else if (this.#unsaved.curves) {
      for (const part of this.#parts)
        if (part.kind === 'composite') chunks.push(encodeRecord({ ...part, kind: 'curves' }));
    }
    this.#unsaved = { parts: false, curves: false };
    if (this.#activity.kind === 'siqs') {
      chunks.push(...takeRelationChunks(this.#siqs, this.#activity.value));
    }
    return chunks;
  }

  helpWanted(): HelpWanted | undefined {
    const activity = this.#activity;
    if (activity.kind === 'siqs' && this.#siqs.progress().stage === 'siqs') return { value: activity.value };
    if (activity.kind !== 'ecm') return undefined;
    const part = this.#partOf(activity.value);
    const planned = this.#curvesBeforeSieve(part);
    // The job itself begins with small bounds. Helpers take those that it comes to last, so that nothing small is done by all of them.
    const last = planned === Infinity ? part.curves : Math.max(part.curves, planned - CURVES_AT_ONCE);
    const { b1, b2, width } = nextCurves(last, part.shrinks, bitLength(part.value));
    return { value: part.value, curves: { b1, b2, width } };
  }

  learn(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      const record = decodeRecord(chunk);
      if (record && 'value' in this.#activity && 'value' in record && this.#activity.value === record.value)
        this.#takeIn(record);
    }
  }

  /** What a helper has found for the composite at hand. */
  #takeIn(record: JobRecord): void {
    const { kind } = this.#activity;
    if (record.kind === 'relations' && kind === 'siqs') this.#siqs.feed(record.relations);
    if (record.kind === 'divisor') {
      const parts = learnFrom(record, this.#parts);
      if (parts !== this.#parts) this.#setParts(parts);
    }
    if (record.kind === 'fruitless' && kind === 'ecm') {
      const part = this.#countCurves(this.#partOf(record.value), false);
      // They were the last: those under way would be too many.
      if (part.curves >= this.#curvesBeforeSieve(part)) this.#choose();
    }
  }

  progress(): Progress {
    const now = this.#progressNow();
    // A second composite starts its stages anew; for the job as a whole that is no step back. Proofs are what remains to be done.
    const goesOn = now.stage === this.#shown.stage || now.stage === 'primality';
    const fraction = Math.max(now.fraction, goesOn ? this.#shown.fraction : 0);
    this.#shown = { ...now, fraction };
    return this.#shown;
  }

  #progressNow(): Progress {
    switch (this.#activity.kind) {
      case 'trial-division':
        return { stage: 'trial-division', fraction: 0 };
      case 'primality':
        return { stage: 'primality', fraction: 0 };
      case 'proof':
        return { stage: 'primality', fraction: this.#proofFraction(this.#activity) };
      case 'choosing': {
        const composite = this.#parts.find(({ kind }) => kind === 'composite');
        return composite ? this.#ecmProgress(composite) : { stage: 'primality', fraction: 0 };
      }
      case 'ecm':
        return this.#ecmProgress(this.#partOf(this.#activity.value));
      case 'siqs': {
        const { stage, fraction, found, needed } = this.#siqs.progress();
        const { value, measured } = this.#activity;
        const byTable = progressOf(stage, value, ECM_SHARE + (1 - ECM_SHARE) * fraction);
        const remainingMs = sieveRemainingMs(byTable.remainingMs, fraction, measured);
        return { ...byTable, remainingMs, ...(stage === 'siqs' && { relations: { found, needed } }) };
      }
      case 'finished':
    }
    return { stage: 'small', fraction: 1, remainingMs: 0 };
  }

  /** Of the whole job, if the proof is the last thing to do; before a sieve it is next to nothing. */
  #proofFraction({ value, proof }: Extract<Activity, { kind: 'proof' }>): number {
    const isLast = this.#parts.every((part) => part.value === value || !isUnderWay(part));
    return isLast ? proofFraction(value, proof) : 0;
  }

  /** Nothing honest can be said of curves that no sieve comes after. */
  #ecmProgress(part: Part): Progress {
    const planned = this.#curvesBeforeSieve(part);
    if (planned === Infinity) return { stage: 'ecm', fraction: 0 };
    return progressOf('ecm', part.value, ECM_SHARE * Math.min(1, part.curves / Math.max(1, planned)));
  }

  factorization(): Factorization {
    return factorization(this.#number, factorsOf(this.#parts));
  }

  /** One bounded piece of work. */
  #move(): void {
    switch (this.#activity.kind) {
      case 'trial-division':
        return this.#setParts(divideByPrimes(this.#kernel, this.#number, trialDepthFor(this.#number)).parts);
      case 'choosing':
        return this.#choose();
      case 'primality':
        return this.#testPrimality(this.#partOf(this.#activity.value));
      case 'proof':
        return this.#prove(this.#partOf(this.#activity.value), this.#activity.proof);
      case 'ecm':
        return this.#runCurves(this.#partOf(this.#activity.value));
      case 'siqs':
        return this.#sieve(this.#partOf(this.#activity.value));
      case 'finished':
        return undefined;
    }
  }

  #choose(): void {
    const bySize = this.#parts.toSorted((a, b) => (a.value < b.value ? -1 : 1));
    const untested = bySize.find(({ kind }) => kind === 'untested');
    if (untested) return this.#identify(untested);
    const composites = bySize.filter(({ kind }) => kind === 'composite');
    // Curves that may go on for ever must not keep another composite from its sieve, nor a prime from its proof.
    const composite = composites.find(({ sieveGaveUp }) => !sieveGaveUp) ?? composites[0];
    if (composite && this.#curvesBeforeSieve(composite) < Infinity) return this.#split(composite);
    const unproven = bySize.find(({ kind, proofGaveUp }) => kind === 'probable' && !proofGaveUp);
    if (unproven) return this.#startProof(unproven);
    if (composite) return this.#split(composite);
    this.#activity = { kind: 'finished' };
  }

  /** Finds out what an untested part is, or begins to. */
  #identify(part: Part): void {
    const { value, exponent } = part;
    if (value < WORD_END) {
      const { primes } = this.#kernel.factorWords([value]);
      const pieces = Array.from(primes, (prime): Part => ({
        ...untestedPart(prime, exponent),
        kind: 'proven',
      }));
      return this.#setParts(replacePart(this.#parts, part, pieces));
    }
    const power = perfectPower(value, TRIAL_BOUND);
    if (power) {
      const base = { ...part, value: power.base, exponent: exponent * power.exponent };
      return this.#setParts(replacePart(this.#parts, part, [base]));
    }
    this.#kernel.setModulus(value);
    this.#kernel.exports.bailliePswStart();
    this.#activity = { kind: 'primality', value };
  }

  #testPrimality(part: Part): void {
    const outcome = this.#kernel.exports.bailliePswStep(productsInMove(part.value));
    if (outcome === STEP_UNFINISHED) return;
    const kind = outcome === PSW_PROBABLE_PRIME ? 'probable' : 'composite';
    this.#setParts(replacePart(this.#parts, part, [{ ...part, kind }]));
  }

  #startProof(part: Part): void {
    const { value } = part;
    const proof = proofStart(this.#kernel, value);
    if (proof) this.#activity = { kind: 'proof', value, proof };
    else this.#setParts(replacePart(this.#parts, part, [{ ...part, proofGaveUp: true }]));
  }

  #prove(part: Part, proof: ProofState): void {
    const { value } = part;
    const outcome = proofStep(this.#kernel, value, proof, productsInMove(value));
    if (typeof outcome === 'object') {
      this.#activity = { kind: 'proof', value, proof: outcome };
      return;
    }
    // A composite here would be the first that is known to pass Baillie–PSW: it is split like any other.
    const told = outcome === 'undecided' ? { ...part, proofGaveUp: true } : { ...part, kind: outcome };
    this.#setParts(replacePart(this.#parts, part, [told]));
  }

  /** Begins the next attempt at a composite. */
  #split(part: Part): void {
    if (part.curves >= this.#curvesBeforeSieve(part)) return this.#startSieve(part);
    startCurves(this.#kernel, part.value, nextCurves(part.curves, part.shrinks, bitLength(part.value)));
    this.#activity = { kind: 'ecm', value: part.value };
  }

  #runCurves(part: Part): void {
    const outcome = stepCurves(this.#kernel, part.value);
    if (outcome === 'unfinished') return;
    if (typeof outcome === 'bigint') return this.#setParts(splitPart(this.#parts, part, outcome));
    this.#countCurves(part, outcome === 'all');
    // At once, so that helpers do not take the moment between two curves for the end.
    this.#choose();
  }

  /** The part after so many more curves as are run at once; `metAll` says that they met all its factors at the same moment. */
  #countCurves(part: Part, metAll: boolean): Part {
    const { curves, shrinks } = part;
    const tried = { ...part, curves: curves + CURVES_AT_ONCE, shrinks: shrinks + (metAll ? 1 : 0) };
    this.#parts = replacePart(this.#parts, part, [tried]);
    this.#unsaved = { ...this.#unsaved, curves: true };
    return tried;
  }

  #startSieve({ value }: Part): void {
    this.#siqs.start(value);
    this.#activity = { kind: 'siqs', value, sieve: this.#siqs.state(), measured: { cpuMs: 0, from: 0 } };
  }

  #sieve(part: Part): void {
    const outcome = this.#siqs.step(always);
    if (outcome === 'unfinished') return;
    const parts =
      outcome === 'exhausted'
        ? replacePart(this.#parts, part, [{ ...part, sieveGaveUp: true }])
        : splitPart(this.#parts, part, outcome);
    this.#setParts(parts);
  }

  /** How many curves a composite gets before it is sieved: infinitely many beyond the sieve's range and where it gave up. */
  #curvesBeforeSieve({ value, sieveGaveUp }: Part): number {
    const bits = bitLength(value);
    if (sieveGaveUp || !isInSieveRange(bits, this.#kernel.memory.buffer.byteLength)) return Infinity;
    return curvesWithin(sieveShare(bits) * estimateCpuMsOfBits(bits), bits);
  }

  /** What is known has changed: keep it, and look what is to be done next. */
  #setParts(parts: readonly Part[]): void {
    this.#parts = parts;
    this.#unsaved = { ...this.#unsaved, parts: true };
    this.#activity = { kind: 'choosing' };
  }

  #partOf(value: bigint): Part {
    const part = this.#parts.find((p) => p.value === value);
    assert(part !== undefined, () => `Cannot go on with ${value}: it is no part of ${this.#number}`);
    return part;
  }

  /** Takes over what the log knows. Relations mean that a part had come to the sieve: there it goes on. */
  #replay(chunks: readonly Uint8Array[]): void {
    const records = chunks.map(decodeRecord).filter((record) => record !== undefined);
    for (const record of records) this.#parts = learnFrom(record, this.#parts);
    if (this.#parts.some(({ kind }) => kind !== 'untested')) this.#activity = { kind: 'choosing' };
    for (const record of records) {
      if (record.kind !== 'relations') continue;
      const part = this.#parts.find(({ kind, value }) => kind === 'composite' && value === record.value);
      if (!part || this.#curvesBeforeSieve(part) === Infinity) continue;
      if (this.#activity.kind !== 'siqs') this.#startSieve(part);
      if (this.#activity.kind === 'siqs' && this.#activity.value === part.value)
        this.#siqs.feed(record.relations);
    }
  }
}

/** Whether there is more to be found out about a part. */
function isUnderWay({ kind, proofGaveUp }: Part): boolean {
  return kind === 'untested' || kind === 'composite' || (kind === 'probable' && !proofGaveUp);
}

function always(): boolean {
  return true;
}

function progressOf(
  stage: Stage,
  value: bigint,
  fraction: number,
): Progress & { readonly remainingMs: number } {
  return { stage, fraction, remainingMs: (1 - fraction) * estimateCpuMs(value) };
}

function limbsOf(n: bigint): number {
  return Math.ceil(bitLength(n) / 32);
}

/** Montgomery products that a move of the primality test may do. */
function productsInMove(modulus: bigint): number {
  return Math.ceil(MOVE_NS / productNs(limbsOf(modulus)));
}
