/** What the compiled kernel exports (assembly/index.ts), as JavaScript sees it. Addresses are bytes; u32 arrive as i32. */
import type { SiqsExports } from './siqs.ts';

/** What `bailliePswStep`, `neighbourClaimStep`, `cyclotomicPowerStep` and `ecmStep` answer. */
export const STEP_UNFINISHED = 0;
export const PSW_PROBABLE_PRIME = 2;
/** What else `neighbourClaimStep` answers: n is composite, or the claim holds, or another base must be tried. */
export const CLAIM_COMPOSITE = 1;
export const CLAIM_SHOWN = 2;
export const ECM_FACTOR = 2;
/** All factors were met at the same moment: the bound was too large to part them. */
export const ECM_ALL = 3;

export interface KernelExports extends SiqsExports {
  readonly INPUT: WebAssembly.Global;
  readonly INPUT_BYTES: WebAssembly.Global;
  readonly OUTPUT: WebAssembly.Global;
  readonly OUTPUT_BYTES: WebAssembly.Global;
  readonly LIMBS_MAX: WebAssembly.Global;
  readonly ODD_PRIMES: WebAssembly.Global;
  readonly ODD_PRIMES_COUNT: WebAssembly.Global;
  /** Fills the tables of a memory, whatever it held before. */
  init(): void;
  readonly WORDS_MAX: WebAssembly.Global;
  readonly WORD_COUNTS: WebAssembly.Global;
  readonly WORD_WORK: WebAssembly.Global;
  readonly WORD_PRIMES: WebAssembly.Global;
  readonly WORD_PRIMES_MAX: WebAssembly.Global;
  /** Factors `count` words at INPUT, up to WORDS_MAX; how many prime factors they have together. Where they stand: assembly/word/factor-words.ts. */
  factorWords(count: number): number;
  /** Index of the first odd prime in [first, end) that divides the number of `limbs` limbs at INPUT, or -1. */
  findOddDivisor(limbs: number, first: number, end: number): number;
  setModulus(source: number, limbs: number): void;
  bailliePswStart(): void;
  bailliePswStep(productsMax: number): number;
  /** Whether the modulus, above the first \`count\` primes, passes the strong tests to all of them: 1 or 0. */
  passesStrongTests(count: number): number;
  neighbourClaimStart(
    numerator: number,
    denominator: number,
    exponentBits: number,
    divisorBits: number,
  ): void;
  neighbourClaimStep(productsMax: number): number;
  cyclotomicPowerStart(prime: number, order: number, exponentBits: number): void;
  cyclotomicPowerStep(productsMax: number): number;
  /** Begins 4 curves: those of `sigma` to `sigma` + 3. */
  ecmStart(sigma: number, b1: number, b2: number, width: number): void;
  ecmStep(productsMax: number): number;
}
