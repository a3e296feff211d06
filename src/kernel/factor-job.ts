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
import type { Activity } from './activity.ts';
import { bitLength } from './bit-length.ts';
import { startCurves, stepCurves } from './curves.ts';
import { curvesBeforeSieve } from './curves-before-sieve.ts';
import { CURVES_AT_ONCE, nextCurves } from './ecm-schedule.ts';
import { decodeRecord, encodeRecord, type JobRecord } from './job-chunk.ts';
import { type JobSituation, jobProgress } from './job-progress.ts';
import type { HelpWanted, Job, JobState, Progress, StepOutcome } from './kernel.ts';
import { PSW_PROBABLE_PRIME, STEP_UNFINISHED } from './kernel-exports.ts';
import type { KernelInstance } from './kernel-instance.ts';
import { learnFrom } from './learn-from.ts';
import { PAGE_BYTES } from './page-bytes.ts';
import { factorsOf, mergeParts, type Part, replacePart, splitPart, untestedPart } from './part.ts';
import { productNs } from './product-cost.ts';
import { perfectPower } from './perfect-power.ts';
import { proofStart, type ProofState, proofStep } from './primality-proof.ts';
import { takeRelationChunks } from './sieve-helper.ts';
import { pagesToSieve } from './sieve-range.ts';
import { Siqs } from './siqs.ts';
import { divideByPrimes, TRIAL_BOUND, trialDepthFor } from './trial-division.ts';
import { WORD_END } from './word-end.ts';

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
    assert(
      state.version === STATE_VERSION,
      `Cannot attach to a job of version ${state.version}: it must be ${STATE_VERSION}`,
    );
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

  pagesWanted(): number | undefined {
    const isDue = (part: Part): boolean =>
      part.kind === 'composite' && part.curves >= curvesBeforeSieve(part, Infinity);
    const due = this.#parts.filter(isDue).map(({ value }) => pagesToSieve(bitLength(value)) ?? 0);
    const pages = Math.max(0, ...due);
    return pages * PAGE_BYTES > this.#kernel.memory.buffer.byteLength ? pages : undefined;
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
    const situation: JobSituation = {
      parts: this.#parts,
      activity: this.#activity,
      sieve: () => this.#siqs.progress(),
      memoryBytes: this.#kernel.memory.buffer.byteLength,
    };
    this.#shown = jobProgress(situation, this.#shown);
    return this.#shown;
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

  #curvesBeforeSieve(part: Part): number {
    return curvesBeforeSieve(part, this.#kernel.memory.buffer.byteLength);
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

function always(): boolean {
  return true;
}

function limbsOf(n: bigint): number {
  return Math.ceil(bitLength(n) / 32);
}

/** Montgomery products that a move of the primality test may do. */
function productsInMove(modulus: bigint): number {
  return Math.ceil(MOVE_NS / productNs(limbsOf(modulus)));
}
