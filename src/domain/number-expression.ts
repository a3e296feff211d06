/**
 * Reads a number as people write it: decimal, `0x…`, or an expression over `+ - * / ^ ! # ( )`.
 *
 * Pure. Precedence, weakest first: `+ -`; `* /`; unary minus; `^` (to the right); `!` and `#`. `/` must come out even. `p#` is the
 * product of the primes up to p. Spaces may stand around numbers and operators, never inside a number. Leading zeros count for nothing.
 *
 * Invariants, whatever the text:
 *   N1. No value above `8 × digitsMax` decimal digits is ever computed: sizes are estimated before each operation.
 *   N2. No more than `EXPRESSION_WORK_MAX` limb products are spent on a number, nor `BATCH_WORK_MAX` on a batch.
 *   N3. The digits of a literal are counted before it becomes a bigint.
 */
import { abbreviate } from '../base/abbreviate.ts';
import { BATCH_WORK_MAX, EXPRESSION_CHARS_MAX, EXPRESSION_DEPTH_MAX, EXPRESSION_WORK_MAX } from './limits.ts';

export type ParsedNumber =
  | { readonly kind: 'number'; readonly value: bigint }
  | {
      readonly kind: 'invalid';
      readonly code: 'number_invalid' | 'number_out_of_range';
      readonly message: string;
    };

/** What is left of a budget, in products of two 64-bit limbs: a few nanoseconds each. */
export interface Work {
  left: number;
}

export interface ParseNumberOptions {
  /** Most decimal digits of the result; at least 1. */
  readonly digitsMax: number;
  /** Shared by the numbers of one batch; a budget of its own if absent. */
  readonly work?: Work;
}

export function newWork(): Work {
  return { left: BATCH_WORK_MAX };
}

/** The number that `text` stands for, from 1 to `digitsMax` digits, or why it is not accepted. Never throws. */
export function parseNumber(text: string, { digitsMax, work = newWork() }: ParseNumberOptions): ParsedNumber {
  if (PLAIN.test(text) && text.length <= digitsMax) return { kind: 'number', value: BigInt(text) };
  try {
    const charsMax = Math.max(EXPRESSION_CHARS_MAX, digitsMax);
    const digits = /^0*([1-9]\d*)$/.exec(text)?.[1];
    if (digits !== undefined && digits.length > digitsMax) throw tooLong(digits.length, digitsMax);
    if (text.length > charsMax)
      throw new Refusal(
        'number_out_of_range',
        `it has ${text.length} characters, at most ${charsMax} are allowed`,
      );
    const value = new Evaluator(text, digitsMax, work).run();
    if (value < 1n)
      throw new Refusal('number_out_of_range', `it is ${abbreviate(String(value))}, at least 1 is asked for`);
    const resultDigits = String(value).length;
    if (resultDigits > digitsMax) throw tooLong(resultDigits, digitsMax);
    return { kind: 'number', value };
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const name = /^-?\d+$/.test(text) ? abbreviate(text) : JSON.stringify(abbreviate(text));
    return {
      kind: 'invalid',
      code: refusal.code,
      message: `Cannot accept number ${name}: ${refusal.reason}`,
    };
  }
}

const PLAIN = /^[1-9]\d*$/;
const INTERMEDIATE_FACTOR = 8;
const BITS_PER_DIGIT = Math.log2(10);
/** What an operation costs however small its operands are. */
const OPERATION_WORK = 100;
/** What one pass over a number costs for each of its limbs. */
const LINEAR_WORK = 20;

/** An expected outcome inside the evaluator; it never leaves this file. */
class Refusal extends Error {
  readonly code: 'number_invalid' | 'number_out_of_range';
  readonly reason: string;

  constructor(code: Refusal['code'], reason: string) {
    super(reason);
    this.code = code;
    this.reason = reason;
  }
}

/** Recursive descent that evaluates as it goes. */
class Evaluator {
  readonly #text: string;
  readonly #bitsMax: number;
  readonly #work: Work;
  readonly #workLeftMin: number;
  #at = 0;
  #depth = 0;

  constructor(text: string, digitsMax: number, work: Work) {
    this.#text = text;
    this.#bitsMax = INTERMEDIATE_FACTOR * digitsMax * BITS_PER_DIGIT;
    this.#work = work;
    this.#workLeftMin = Math.max(0, work.left - EXPRESSION_WORK_MAX);
  }

  run(): bigint {
    this.#skipSpaces();
    if (this.#at === this.#text.length) throw new Refusal('number_invalid', 'it is empty');
    const value = this.#sum();
    if (this.#at < this.#text.length) throw this.#unexpected('an operator');
    return value;
  }

  #sum(): bigint {
    let value = this.#product();
    for (;;) {
      if (this.#take('+')) value = this.#sized(value + this.#product());
      else if (this.#take('-')) value = this.#sized(value - this.#product());
      else return value;
    }
  }

  #product(): bigint {
    let value = this.#signed();
    for (;;) {
      if (this.#take('*')) value = this.#times(value, this.#signed());
      else if (this.#take('/')) value = this.#dividedBy(value, this.#signed());
      else return value;
    }
  }

  #signed(): bigint {
    return this.#take('-') ? -this.#nested(() => this.#signed()) : this.#power();
  }

  #power(): bigint {
    const base = this.#postfixed();
    return this.#take('^')
      ? this.#raised(
          base,
          this.#nested(() => this.#signed()),
        )
      : base;
  }

  #postfixed(): bigint {
    let value = this.#primary();
    let factorials = 0;
    for (;;) {
      if (this.#take('!')) {
        // n!! usually means the double factorial, which (n!)! is not.
        if (++factorials > 1) throw new Refusal('number_invalid', '"!!" is ambiguous, write (n!)!');
        value = this.#factorial(value);
      } else if (this.#take('#')) value = this.#primorial(value);
      else return value;
    }
  }

  #primary(): bigint {
    if (this.#take('(')) {
      const value = this.#nested(() => this.#sum());
      if (!this.#take(')')) throw this.#unexpected('")"');
      return value;
    }
    LITERAL.lastIndex = this.#at;
    const literal = LITERAL.exec(this.#text)?.[0];
    if (literal === undefined) throw this.#noNumber();
    this.#at += literal.length;
    if (LITERAL_GOES_ON.test(this.#text.charAt(this.#at))) throw this.#brokenLiteral(literal);
    this.#skipSpaces();
    this.#spendLimbs(literal.length / 16, literal.length / 16);
    return BigInt(literal);
  }

  #times(a: bigint, b: bigint): bigint {
    this.#demand(log2(a) + log2(b));
    this.#spend(a, b);
    return a * b;
  }

  #dividedBy(a: bigint, b: bigint): bigint {
    if (b === 0n) throw new Refusal('number_invalid', 'it divides by 0');
    this.#spend(a, b);
    if (a % b !== 0n)
      throw new Refusal(
        'number_invalid',
        `${abbreviate(String(a))} / ${abbreviate(String(b))} is not an integer`,
      );
    return a / b;
  }

  #raised(base: bigint, exponent: bigint): bigint {
    if (exponent < 0n)
      throw new Refusal('number_invalid', `the exponent ${abbreviate(String(exponent))} is negative`);
    const bits = log2(base) * Number(exponent);
    this.#demand(bits);
    // Where the base is 0, 1 or -1 the exponent may be anything, and its parity says all.
    if (bits === 0) return base ** (exponent === 0n ? 0n : exponent % 2n === 0n ? 2n : 1n);
    this.#spendLimbs(bits / 64, bits / 64);
    return base ** exponent;
  }

  #factorial(value: bigint): bigint {
    const n = this.#argument(value, '!');
    // Stirling's series, whose first omitted term is negative: an upper bound.
    const bits =
      n < 2 ? 0 : ((n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * n)) / Math.LN2;
    this.#demand(bits);
    this.#spendLimbs(bits / 64, bits / 64 + LINEAR_WORK);
    return productOf(Array.from({ length: n }, (_, i) => BigInt(i + 1)));
  }

  #primorial(value: bigint): bigint {
    const n = this.#argument(value, '#');
    // Rosser and Schoenfeld 1962, theorem 9: the logarithms of the primes up to n sum to less than 1.01624 n.
    const bits = (1.01624 * n) / Math.LN2;
    this.#demand(bits);
    this.#spendLimbs(bits / 64, bits / 64 + n / LINEAR_WORK);
    return productOf(primesUpTo(n).map(BigInt));
  }

  #argument(value: bigint, operator: string): number {
    if (value < 0n)
      throw new Refusal('number_invalid', `${abbreviate(String(value))}${operator} is not defined`);
    // Both operators at least double the size from here on, so nothing larger can fit.
    if (value > BigInt(Math.ceil(this.#bitsMax))) throw this.#tooLarge();
    return Number(value);
  }

  #sized(value: bigint): bigint {
    const bits = log2(value);
    this.#demand(bits);
    this.#spendLimbs(bits / 64, LINEAR_WORK);
    return value;
  }

  #demand(bits: number): void {
    if (!(bits <= this.#bitsMax)) throw this.#tooLarge();
  }

  #tooLarge(): Refusal {
    const digits = Math.floor(this.#bitsMax / BITS_PER_DIGIT);
    return new Refusal('number_out_of_range', `a part of it has more than ${digits} digits`);
  }

  #spend(a: bigint, b: bigint): void {
    this.#spendLimbs(log2(a) / 64, log2(b) / 64);
  }

  #spendLimbs(a: number, b: number): void {
    this.#work.left -= OPERATION_WORK + (a + 1) * (b + 1);
    if (this.#work.left < this.#workLeftMin)
      throw new Refusal(
        'number_out_of_range',
        'evaluating what was sent takes too long; send simpler expressions or fewer of them',
      );
  }

  #nested(evaluate: () => bigint): bigint {
    if (++this.#depth > EXPRESSION_DEPTH_MAX)
      throw new Refusal('number_out_of_range', `it is nested more than ${EXPRESSION_DEPTH_MAX} deep`);
    const value = evaluate();
    this.#depth--;
    return value;
  }

  #take(symbol: string): boolean {
    if (this.#text[this.#at] !== symbol) return false;
    this.#at++;
    this.#skipSpaces();
    return true;
  }

  #skipSpaces(): void {
    while (SPACES.includes(this.#text.charAt(this.#at)) && this.#at < this.#text.length) this.#at++;
  }

  #unexpected(wanted: string): Refusal {
    const where = `character ${this.#at + 1}`;
    if (this.#at >= this.#text.length)
      return new Refusal('number_invalid', `it ends where ${wanted} is expected`);
    const found = JSON.stringify(String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0));
    return new Refusal('number_invalid', `${wanted} is expected at ${where}, not ${found}`);
  }

  /** Where a number is expected: tells what to write instead where that is clear. */
  #noNumber(): Refusal {
    if (this.#text[this.#at] === '*' && this.#text[this.#at - 1] === '*')
      return new Refusal('number_invalid', 'write powers with ^, as in 2^10, not with **');
    return this.#unexpected('a number');
  }

  /** A number that runs on into what no integer has: tells what to write instead where that is clear. */
  #brokenLiteral(literal: string): Refusal {
    const rest = this.#text.slice(this.#at);
    if (/^(\.\d+)?[eE]/.test(rest))
      return new Refusal('number_invalid', 'write powers of ten as 10^5, not as 1e5');
    if (literal === '0' && /^[xX]/.test(rest))
      return new Refusal('number_invalid', '0x needs hexadecimal digits');
    if (rest.startsWith('.')) return new Refusal('number_invalid', 'it is not an integer');
    return this.#unexpected('a digit or an operator');
  }
}

const SPACES = ' \t\r\n';
const LITERAL = /0[xX][0-9a-fA-F]+|[0-9]+/y;
const LITERAL_GOES_ON = /[\w.,'’]/;

function tooLong(digits: number, digitsMax: number): Refusal {
  return new Refusal('number_out_of_range', `it has ${digits} digits, at most ${digitsMax} are allowed`);
}

/** log2 of |n| to about 12 digits; 0 for 0. */
function log2(n: bigint): number {
  const hex = (n < 0n ? -n : n).toString(16);
  const head = hex.slice(0, 13);
  return n === 0n ? 0 : Math.log2(Number.parseInt(head, 16)) + 4 * (hex.length - head.length);
}

/** Multiplies in a balanced tree, so that large factors meet large ones. */
function productOf(factors: readonly bigint[]): bigint {
  let level = factors;
  while (level.length > 1) {
    const next: bigint[] = [];
    for (let i = 0; i < level.length; i += 2) next.push((level[i] ?? 1n) * (level[i + 1] ?? 1n));
    level = next;
  }
  return level[0] ?? 1n;
}

/** The sieve of Eratosthenes. */
function primesUpTo(n: number): number[] {
  const composite = new Uint8Array(n + 1);
  const primes: number[] = [];
  for (let i = 2; i <= n; i++) {
    if (composite[i]) continue;
    primes.push(i);
    for (let j = i * i; j <= n; j += i) composite[j] = 1;
  }
  return primes;
}
