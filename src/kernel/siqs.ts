/**
 * The self-initialising quadratic sieve (Pomerance 1985; Contini 1997), as a machine whose moves take about a millisecond.
 *
 * The work is done in WebAssembly (`assembly/siqs`); this half chooses parameters, decides what comes next, and splits n at the end.
 *   multiplier → factor base → pool of coefficients → sieve → sparse matrix → merging → dense elimination → square roots
 * A sieve that ends without a factor (every dependency trivial) goes on for some relations more. One that comes to the end of
 * its polynomials begins anew with a larger base; where that does not help either, it gives up.
 *
 * Invariants:
 *   S1. All state lies in the memory: a fresh instance over the same memory, on any thread, goes on without loss.
 *   S2. Nothing depends on what the memory held before `start`.
 *   S3. No relation is in the log unless its congruence holds; a factor leaves only if it divides n.
 */
import { assert } from '../base/assert.ts';
import { bitLength } from './bit-length.ts';
import { gcd } from './modular-integers.ts';
import { PAGE_BYTES } from './page-bytes.ts';
import { feedChunk, takeChunk } from './siqs-chunk.ts';
import * as header from './siqs-header.ts';
import { siqsLayout } from './siqs-layout.ts';
import { SIQS_BITS_MAX, SIQS_BITS_MIN, type SiqsParameters, siqsParameters } from './siqs-parameters.ts';
import { choosePolynomials } from './siqs-polynomials.ts';

export { SIQS_BITS_MAX, SIQS_BITS_MIN } from './siqs-parameters.ts';

export interface SiqsExports {
  siqsChooseMultiplier(): void;
  siqsClear(bytes: number): number;
  siqsBuildFactorBase(budget: number): number;
  siqsPreparePool(budget: number): number;
  siqsSkipCoefficients(count: number): void;
  siqsNextCoefficient(groups: number): void;
  siqsIngest(budget: number): number;
  siqsSieve(count: number): void;
  siqsUnpack(budget: number): number;
  siqsMerge(budget: number): number;
  siqsSolve(budget: number): number;
  siqsSquareRoot(budget: number): number;
}

export interface SiqsState {
  readonly version: number;
  readonly number: bigint;
}

export interface SiqsProgress {
  /** Relations and cycles that count, and how many are needed. */
  readonly found: number;
  readonly needed: number;
  readonly stage: 'siqs' | 'linear-algebra' | 'square-root';
  /** Whether it has sieved a polynomial: relations that were fed before are taken in by then. */
  readonly hasSieved: boolean;
  /** Of the whole, in [0, 1]. */
  readonly fraction: number;
}

/** A factor; or that there is more to do; or that polynomials, relations or the matrix have come to a limit. */
export type SiqsOutcome = bigint | 'unfinished' | 'exhausted';

const STATE_VERSION = 1;
const MAGIC = 0x53515331;
/** Bits by which a number is taken to be larger when its polynomials run out, which only small ones might: theirs are few. */
const EFFORT_BITS = 8;
const EFFORTS = 2;
const EFFORT_BITS_MAX = 160;
/** Budgets of single calls, in the units of each; all come to about a millisecond. */
const CLEAR_BYTES = 0x400000;
const BASE_PRIMES = 1500;
const POOL_GROUPS_WORK = 60_000;
const INGEST_RELATIONS = 1500;
const SKIPPED_COEFFICIENTS = 60;
/** Groups of four primes times factors of a: 2 ms, the roots of a base up to 80 digits. */
const COEFFICIENT_WORK = 100_000;
const SIEVE_WORK = 600_000;
/** The buckets are filled for so many; at 100 digits that takes 2.5 ms. */
const POLYNOMIALS_MIN = 8;
const LINEAR_WORK = 100_000;
const ROOT_WORK = 30_000;
/** Cycles beyond those for the base; each gives a factor with probability 1/2 or more. */
const EXCESS = 6;
/** Cycles for each prime of the base: how many more are tried where the matrix is too large, and from how many on that is left. */
const CYCLES_SHARE_MORE = 0.04;
const CYCLES_SHARE_MAX = 1.2;
/** With 400 factors, more than any has; the kernel counts five bytes for each. */
const RELATION_BYTES_MAX = 0x900;
/** What `siqsSolve` answers when what merging has left is too large for the dense matrix. */
const MATRIX_TOO_LARGE = 2;

const Stage = { clear: 0, base: 1, pool: 2, sieve: 3, unpack: 4, merge: 5, solve: 6, root: 7 } as const;

/** Size classes of memories, in pages: few, so that they can be used again. */
const PAGE_CLASSES = [64, 128, 256, 448, 704, 1088, 1664, 2272, 3200, 4736, 6528, 9600, 12800];

function layoutEnd(bits: number): number {
  return siqsLayout(siqsParameters(bits <= EFFORT_BITS_MAX ? bits + EFFORT_BITS * EFFORTS : bits)).end;
}

/** The pages of 64 KiB, those below the arena included, that the sieve needs for a number of so many bits. */
export function siqsMemoryPages(bits: number): number {
  assert(
    bits <= SIQS_BITS_MAX,
    `Cannot sieve a number of ${bits} bits: at most ${SIQS_BITS_MAX} are allowed`,
  );
  const needed = Math.ceil(layoutEnd(bits) / PAGE_BYTES);
  const size = PAGE_CLASSES.find((pages) => pages >= needed);
  assert(size !== undefined, `Cannot sieve a number of ${bits} bits: no memory class has ${needed} pages`);
  return size;
}

export class Siqs {
  readonly #exports: SiqsExports;
  readonly #memory: WebAssembly.Memory;
  readonly #fields: Uint32Array;
  readonly #parametersOf: (bits: number) => SiqsParameters;
  #n = 0n;

  /** Parameters other than the table's are for the search that makes the table. */
  constructor(exports: SiqsExports, memory: WebAssembly.Memory, parametersOf = siqsParameters) {
    this.#exports = exports;
    this.#memory = memory;
    this.#parametersOf = parametersOf;
    this.#fields = new Uint32Array(memory.buffer, header.ARENA, header.HEADER_BYTES / 4);
  }

  /** `effort` says how often the number was begun anew. */
  #parametersFor(n: bigint, effort: number): SiqsParameters {
    return this.#parametersOf(bitLength(n) + EFFORT_BITS * effort);
  }

  #get(field: number): number {
    return this.#fields[field] ?? 0;
  }

  #set(field: number, value: number): void {
    this.#fields[field] = value;
  }

  /**
   * Begins with `n`: odd, composite, no perfect power, without prime factors below 1,000, of SIQS_BITS_MIN to SIQS_BITS_MAX bits.
   * The memory has at least `siqsMemoryPages` pages and the kernel's tables (`init`). Threads that sieve for the same number
   * have different `helper` numbers.
   */
  start(n: bigint, helper = 0): void {
    const bits = bitLength(n);
    assert(
      bits >= SIQS_BITS_MIN && bits <= SIQS_BITS_MAX,
      `Cannot sieve a number of ${bits} bits: ${SIQS_BITS_MIN} to ${SIQS_BITS_MAX} are allowed`,
    );
    const { end } = siqsLayout(this.#parametersFor(n, 0));
    const { byteLength } = this.#memory.buffer;
    assert(
      end <= byteLength,
      `Cannot sieve a number of ${bits} bits: its memory has ${byteLength} bytes, ${end} are needed`,
    );
    this.#begin(n, helper, 0);
  }

  #begin(n: bigint, helper: number, effort: number): void {
    this.#n = n;
    const parameters = this.#parametersFor(n, effort);
    const { fields } = siqsLayout(parameters);
    this.#fields.fill(0);
    this.#writeNumber(n);
    for (const [field, value] of fields) this.#set(field, value);
    this.#set(header.HELPER, helper);
    this.#set(header.EFFORT, effort);
    this.#set(header.NEEDED, Math.ceil(parameters.cyclesShare * parameters.baseSize) + EXCESS);
    this.#set(header.PENDING_BEGIN, this.#get(header.LOG_CAPACITY));
    this.#set(header.PENDING_END, this.#get(header.LOG_CAPACITY));
    this.#exports.siqsChooseMultiplier();
    this.#set(header.MAGIC, MAGIC);
  }

  #writeNumber(n: bigint): void {
    const words = new Uint32Array(this.#memory.buffer, header.N, header.NUMBER_BYTES / 4).fill(0);
    let limbs = 0;
    for (let rest = n; rest > 0n; rest >>= 32n) words[limbs++] = Number(rest & 0xffffffffn);
    this.#set(header.LIMBS_N, limbs);
  }

  #readNumber(address: number): bigint {
    const words = new Uint32Array(this.#memory.buffer, address, this.#get(header.LIMBS_N));
    return words.reduceRight((value, word) => (value << 32n) | BigInt(word), 0n);
  }

  attach(state: SiqsState): void {
    assert(
      state.version === STATE_VERSION,
      `Cannot attach to a sieve of version ${state.version}: it must be ${STATE_VERSION}`,
    );
    this.#n = state.number;
    assert(
      this.#get(header.MAGIC) === MAGIC && this.#readNumber(header.N) === state.number,
      `Cannot attach: the memory does not hold the sieve of ${state.number}`,
    );
  }

  state(): SiqsState {
    return { version: STATE_VERSION, number: this.#n };
  }

  /**
   * Works until there is a factor or `shouldYield` returns true; that is asked about once a millisecond. `exhausted` is the
   * end without a factor: every further step says so again.
   */
  step(shouldYield: () => boolean): SiqsOutcome {
    do {
      const outcome = this.#move();
      if (outcome !== 'unfinished') return outcome;
    } while (!shouldYield());
    return 'unfinished';
  }

  #enter(stage: number): void {
    this.#set(header.STAGE, stage);
    this.#set(header.CURSOR, 0);
    this.#set(header.LA_STAGE, 0);
  }

  #move(): SiqsOutcome {
    const kernel = this.#exports;
    switch (this.#get(header.STAGE)) {
      case Stage.clear:
        if (kernel.siqsClear(CLEAR_BYTES)) this.#enter(Stage.base);
        break;
      case Stage.base:
        if (kernel.siqsBuildFactorBase(BASE_PRIMES)) {
          choosePolynomials(this.#memory, this.#parametersFor(this.#n, this.#get(header.EFFORT)));
          this.#enter(Stage.pool);
        }
        break;
      case Stage.pool:
        if (kernel.siqsPreparePool(Math.ceil(POOL_GROUPS_WORK / (this.#get(header.POOL_SIZE) + 16))))
          this.#enter(Stage.sieve);
        break;
      case Stage.sieve:
        return this.#sieve();
      case Stage.unpack:
        if (kernel.siqsUnpack(LINEAR_WORK)) this.#enter(Stage.merge);
        break;
      case Stage.merge:
        if (kernel.siqsMerge(LINEAR_WORK)) this.#enter(Stage.solve);
        break;
      case Stage.solve:
        return this.#solve();
      default:
        return this.#squareRoot();
    }
    return 'unfinished';
  }

  #sieve(): 'unfinished' | 'exhausted' {
    // First of all: helpers may bring relations faster than they are taken in, so that some always wait.
    if (this.#get(header.CYCLE_COUNT) >= this.#get(header.NEEDED)) {
      this.#enter(Stage.unpack);
    } else if (this.#get(header.PENDING_BEGIN) < this.#get(header.PENDING_END)) {
      const takenAll = this.#get(header.LOG_TAKEN) === this.#get(header.LOG_END);
      this.#exports.siqsIngest(INGEST_RELATIONS);
      if (takenAll) this.#set(header.LOG_TAKEN, this.#get(header.LOG_END));
    } else if (this.#isUsedUp()) {
      return this.#beginAnew();
    } else if (this.#get(header.A_COUNTER) < this.#get(header.FED_COUNTER)) {
      this.#exports.siqsSkipCoefficients(
        Math.min(SKIPPED_COEFFICIENTS, this.#get(header.FED_COUNTER) - this.#get(header.A_COUNTER)),
      );
    } else if (this.#isCoefficientDue()) {
      this.#exports.siqsNextCoefficient(Math.ceil(COEFFICIENT_WORK / this.#get(header.A_FACTORS)));
    } else {
      const work = this.#get(header.INTERVAL) + 6 * this.#get(header.BASE_SIZE);
      this.#exports.siqsSieve(Math.max(POLYNOMIALS_MIN, Math.floor(SIEVE_WORK / work)));
    }
    return 'unfinished';
  }

  /** Whether the roots of the next coefficient are to be found, or the rest of them. */
  #isCoefficientDue(): boolean {
    const bytes = 4 * this.#get(header.BASE_PADDED);
    return this.#get(header.GRAY_INDEX) === 0 && this.#get(header.COEFFICIENT_AT) < bytes;
  }

  /** Whether there is no further polynomial, or no room for a further relation, by number or by bytes. */
  #isUsedUp(): boolean {
    return (
      this.#get(header.EXHAUSTED) !== 0 ||
      this.#get(header.RELATION_COUNT) >= this.#get(header.RELATION_MAX) ||
      this.#get(header.LOG_END) + RELATION_BYTES_MAX > this.#get(header.LOG_CAPACITY)
    );
  }

  /** Goes back to the start with a larger base, if there is one to try and the memory has room for it. */
  #beginAnew(): 'unfinished' | 'exhausted' {
    const effort = this.#get(header.EFFORT) + 1;
    if (effort > EFFORTS) return 'exhausted';
    if (siqsLayout(this.#parametersFor(this.#n, effort)).end > this.#memory.buffer.byteLength)
      return 'exhausted';
    this.#begin(this.#n, this.#get(header.HELPER), effort);
    return 'unfinished';
  }

  /** Goes back to the sieve, by way of the pool, where the matrix has been, and with a new coefficient. */
  #sieveOn(more: number): void {
    this.#set(header.NEEDED, this.#get(header.CYCLE_COUNT) + more);
    this.#set(header.GRAY_INDEX, 0);
    this.#set(header.COEFFICIENT_AT, 0);
    this.#enter(Stage.pool);
  }

  #solve(): 'unfinished' | 'exhausted' {
    const outcome = this.#exports.siqsSolve(LINEAR_WORK);
    if (outcome === MATRIX_TOO_LARGE) return this.#makeMatrixSmaller();
    if (outcome === 0) return 'unfinished';
    if (this.#get(header.DEPENDENCY_COUNT) === 0) {
      // As many as the base has primes and some more always have one: no second matrix is made in vain, whatever the size.
      this.#sieveOn(Math.max(EXCESS, this.#get(header.BASE_SIZE) + EXCESS - this.#get(header.CYCLE_COUNT)));
    } else {
      this.#set(header.DEPENDENCY, 0);
      this.#enter(Stage.root);
    }
    return 'unfinished';
  }

  /** Of more relations merging leaves fewer unknowns, until it meets its own limits: so the sieve goes on for some, a few times. */
  #makeMatrixSmaller(): 'unfinished' | 'exhausted' {
    const baseSize = this.#get(header.BASE_SIZE);
    if (this.#get(header.CYCLE_COUNT) > CYCLES_SHARE_MAX * baseSize) return 'exhausted';
    this.#sieveOn(Math.ceil(CYCLES_SHARE_MORE * baseSize));
    return 'unfinished';
  }

  #squareRoot(): bigint | 'unfinished' {
    const outcome = this.#exports.siqsSquareRoot(ROOT_WORK);
    if (outcome === 0) return 'unfinished';
    if (outcome === 1) {
      const factor = gcd(this.#n, this.#readNumber(header.SIDE_X) + this.#readNumber(header.SIDE_Y));
      if (factor > 1n && factor < this.#n && this.#n % factor === 0n) return factor;
    }
    const next = this.#get(header.DEPENDENCY) + 1;
    if (next === this.#get(header.DEPENDENCY_COUNT)) {
      this.#sieveOn(EXCESS);
      return 'unfinished';
    }
    this.#set(header.DEPENDENCY, next);
    this.#enter(Stage.root);
    return 'unfinished';
  }

  /** The relations that came since the last call, or the first of them, in less than 64 KiB; undefined when all are taken. To be called between steps. */
  takeRelations(): Uint8Array | undefined {
    return takeChunk(this.#memory, this.#fields, this.#n);
  }

  /** Gives relations that `takeRelations` returned for the same number. What does not fit this number or version is ignored. */
  feed(chunk: Uint8Array): void {
    feedChunk(this.#memory, this.#fields, this.#n, chunk);
  }

  progress(): SiqsProgress {
    const found = this.#get(header.CYCLE_COUNT);
    const needed = this.#get(header.NEEDED);
    const stage = this.#get(header.STAGE);
    const hasSieved = this.#get(header.POLYNOMIAL_COUNT) > 0;
    if (stage >= Stage.root) return { found, needed, stage: 'square-root', hasSieved, fraction: 0.99 };
    if (stage >= Stage.unpack) return { found, needed, stage: 'linear-algebra', hasSieved, fraction: 0.96 };
    // Cycles among large primes come ever faster: their number is about quadratic in time.
    const fraction = 0.95 * Math.min(1, Math.sqrt(found / needed));
    return { found, needed, stage: 'siqs', hasSieved, fraction };
  }
}
