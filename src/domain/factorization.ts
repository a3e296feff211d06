/**
 * What is known of a number's factors.
 *
 * Invariants, held by `checkFactorization`:
 *   D1. The product of prime^exponent over all factors is the number.
 *   D2. Factors ascend strictly, every exponent is at least 1, none is 1.
 *   D3. `complete` holds if and only if no factor is marked composite.
 */
import { assert } from '../base/assert.ts';

/** `proven`: a proof of primality was carried out; `probable`: passed BPSW only, which no composite is known to do; `composite`: known to be composite, not yet split. */
export type Certainty = 'proven' | 'probable' | 'composite';

export interface Factor {
  /** The factor itself; a composite one is named so by its certainty. */
  readonly prime: bigint;
  readonly exponent: number;
  readonly certainty: Certainty;
}

export interface Factorization {
  readonly number: bigint;
  /** Strictly ascending. Empty for 1. */
  readonly factors: readonly Factor[];
  readonly complete: boolean;
}

/** Builds a factorization from factors in any order, merging equal ones; throws if the product is not `number`. */
export function factorization(number: bigint, parts: readonly Factor[]): Factorization {
  const merged = new Map<bigint, Factor>();
  for (const part of parts) {
    const known = merged.get(part.prime);
    merged.set(part.prime, known ? { ...known, exponent: known.exponent + part.exponent } : part);
  }
  const factors = [...merged.values()].toSorted((a, b) => (a.prime < b.prime ? -1 : 1));
  const result = { number, factors, complete: factors.every((f) => f.certainty !== 'composite') };
  checkFactorization(result);
  return result;
}

/** Throws an AssertionError unless D1–D3 hold. Every result passes through here before it leaves the service. */
export function checkFactorization({ number, factors, complete }: Factorization): void {
  let product = 1n;
  let previous = 1n;
  for (const { prime, exponent } of factors) {
    assert(
      prime > previous,
      () => `Factors of ${number} must ascend from 2: ${prime} comes after ${previous}`,
    );
    assert(
      Number.isInteger(exponent) && exponent >= 1,
      () => `Exponent of ${prime} must be a positive integer: ${exponent}`,
    );
    product *= exponent === 1 ? prime : prime ** BigInt(exponent);
    previous = prime;
  }
  assert(product === number, () => `Factors must multiply to ${number}: they multiply to ${product}`);
  assert(
    complete === factors.every((f) => f.certainty !== 'composite'),
    () => `"complete" of ${number} is wrong`,
  );
}

/** The prime factors with multiplicity, ascending; parts still composite are left out. */
export function primeFactors({ factors }: Factorization): bigint[] {
  return factors
    .filter((f) => f.certainty !== 'composite')
    .flatMap((f) => Array.from({ length: f.exponent }, () => f.prime));
}

const MARK: Record<Certainty, string> = { proven: '', probable: '?', composite: '!' };
const CERTAINTY: Record<string, Certainty> = { '': 'proven', '?': 'probable', '!': 'composite' };

/** One line of text, such as `2^4 3 1000000007?`: `?` marks a probable prime, `!` an unsplit composite. Inverse of `parseFactors`. */
export function formatFactors(factors: readonly Factor[]): string {
  return factors
    .map((f) => `${f.prime}${f.exponent > 1 ? `^${f.exponent}` : ''}${MARK[f.certainty]}`)
    .join(' ');
}

/** Inverse of `formatFactors`; throws on text that it did not write. */
export function parseFactors(text: string): Factor[] {
  if (text === '') return [];
  return text.split(' ').map((word) => {
    // What nearly every factor is.
    if (/^\d+$/.test(word)) return { prime: BigInt(word), exponent: 1, certainty: 'proven' };
    const match = /^(\d+)(?:\^(\d+))?([?!]?)$/.exec(word);
    const certainty = CERTAINTY[match?.[3] ?? ''];
    assert(match?.[1] !== undefined && certainty !== undefined, `Cannot read factor ${JSON.stringify(word)}`);
    return { prime: BigInt(match[1]), exponent: Number(match[2] ?? 1), certainty };
  });
}
