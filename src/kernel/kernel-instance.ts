/**
 * An instance of the compiled kernel over one memory, with the conversions between bigint and linear memory.
 *
 * Instances hold no state: all of it lies in the memory, so that making another over the same memory changes nothing.
 */
import { assert } from '../base/assert.ts';
import { bitLength } from './bit-length.ts';
import type { KernelExports } from './kernel-exports.ts';
import { WORD_END } from './word-end.ts';
import type { WordFactors } from './word-factors.ts';

const WORD_BITS = 64n;

export class KernelInstance {
  readonly exports: KernelExports;
  readonly memory: WebAssembly.Memory;
  readonly #input: BigUint64Array;
  readonly #output: BigUint64Array;
  readonly #primes: Uint16Array;
  readonly #wordCounts: Uint8Array;
  readonly #wordWork: Uint32Array;
  readonly #wordPrimes: BigUint64Array;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory) {
    // WebAssembly gives no types: this is the one place that says what assembly/index.ts exports.
    this.exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
    this.memory = memory;
    const { INPUT, INPUT_BYTES, OUTPUT, OUTPUT_BYTES, ODD_PRIMES, ODD_PRIMES_COUNT } = this.exports;
    const { WORDS_MAX, WORD_COUNTS, WORD_WORK, WORD_PRIMES, WORD_PRIMES_MAX } = this.exports;
    this.#input = new BigUint64Array(memory.buffer, INPUT.value, INPUT_BYTES.value / 8);
    this.#output = new BigUint64Array(memory.buffer, OUTPUT.value, OUTPUT_BYTES.value / 8);
    this.#primes = new Uint16Array(memory.buffer, ODD_PRIMES.value, ODD_PRIMES_COUNT.value);
    this.#wordCounts = new Uint8Array(memory.buffer, WORD_COUNTS.value, WORDS_MAX.value);
    this.#wordWork = new Uint32Array(memory.buffer, WORD_WORK.value, WORDS_MAX.value);
    this.#wordPrimes = new BigUint64Array(memory.buffer, WORD_PRIMES.value, WORD_PRIMES_MAX.value);
  }

  /** Writes n >= 0 to the input area, from a word of 64 bits on; how many limbs of 32 bits it has. */
  writeNumber(n: bigint, fromWord = 0): number {
    let words = fromWord;
    for (let rest = n; rest > 0n; rest >>= WORD_BITS) this.#input[words++] = rest; // Keeps the low 64 bits.
    if (words === fromWord) return 0;
    const limbs = 2 * (words - fromWord);
    return this.#input[words - 1]! >> 32n === 0n ? limbs - 1 : limbs;
  }

  /** Writes safe integers to the input area, a signed word each; the word after them. */
  writeIntegers(values: readonly number[], fromWord: number): number {
    for (const [i, value] of values.entries()) this.#input[fromWord + i] = BigInt(value); // Modulo 2^64.
    return fromWord + values.length;
  }

  /** The number of `limbs` limbs in the output area, from a word of 64 bits on. */
  readNumber(limbs: number, fromWord = 0): bigint {
    const words = this.#output.subarray(fromWord);
    let n = limbs % 2 === 0 ? 0n : BigInt.asUintN(32, words[limbs >> 1]!);
    for (let i = (limbs >> 1) - 1; i >= 0; i--) n = (n << WORD_BITS) | words[i]!;
    return n;
  }

  oddPrime(index: number): number {
    const p = this.#primes[index];
    assert(p !== undefined, `There are ${this.#primes.length} odd primes: there is none of index ${index}`);
    return p;
  }

  get oddPrimeCount(): number {
    return this.#primes.length;
  }

  /** Makes n, odd, at least 3 and of at most `LIMBS_MAX` limbs of 32 bits, the modulus of the instance's multi-precision arithmetic; its number of limbs. */
  setModulus(n: bigint): number {
    const bits = 32 * this.exports.LIMBS_MAX.value;
    assert(
      n >> BigInt(bits) === 0n,
      () => `Cannot calculate modulo a number of ${bitLength(n)} bits: at most ${bits} are allowed`,
    );
    const limbs = this.writeNumber(n);
    this.exports.setModulus(this.exports.INPUT.value, limbs);
    return limbs;
  }

  /** How many words `factorWords` takes at a time. */
  get wordsMax(): number {
    return this.#wordCounts.length;
  }

  /** Factors up to `wordsMax` words, each from 1 to WORD_END - 1. Throws a RangeError for more of them, or for a number that is none. */
  factorWords(words: readonly bigint[]): WordFactors {
    const { length } = words;
    if (length > this.wordsMax)
      throw new RangeError(`Cannot factor ${length} words at a time: at most ${this.wordsMax} go together`);
    for (const [i, word] of words.entries()) {
      if (word < 1n || word >= WORD_END)
        throw new RangeError(`Cannot factor ${word} as a word: it must be from 1 to ${WORD_END - 1n}`);
      this.#input[i] = word;
    }
    const primes = this.exports.factorWords(length);
    return {
      counts: this.#wordCounts.slice(0, length),
      primes: this.#wordPrimes.slice(0, primes),
      work: this.#wordWork.slice(0, length),
    };
  }
}
