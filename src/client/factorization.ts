/** What is known of a number's factors, in bigints, taken from a request only after it has been checked. Pure. */
import type { RequestBody } from '../contract/request-body.ts';
import { WrongAnswerError } from './wrong-answer-error.ts';

export interface Factor {
  /** The factor itself; a composite one is named so by its certainty. */
  readonly prime: bigint;
  readonly exponent: number;
  /** `proven` prime, `probable` prime (passed Baillie–PSW), or known to be `composite` and not split. */
  readonly certainty: RequestBody['factors'][number]['certainty'];
}

export interface Factorization {
  readonly number: bigint;
  /** Strictly ascending; they multiply to the number. Empty for 1. */
  readonly factors: readonly Factor[];
  /** Whether none is composite. */
  readonly complete: boolean;
}

/** A decimal digit holds fewer bits than this, and no exponent exceeds the bits of its number. */
const BITS_PER_DIGIT_MAX = 4;

/** The factors of a `done` or `partial` request, also as a callback brings it. Throws a WrongAnswerError unless they ascend and multiply to the number. */
export function factorizationOf(request: Omit<RequestBody, 'timeline'>): Factorization {
  const wrong = (why: string): WrongAnswerError =>
    new WrongAnswerError(`The answer to ${request.request_id} cannot be true: ${why}`);
  const number = integer(request.number);
  if (number === undefined) throw wrong(`${request.number} is no integer`);
  let product = 1n;
  let previous = 1n;
  const factors = request.factors.map(({ prime: text, exponent, certainty }): Factor => {
    const prime = integer(text);
    if (prime === undefined || prime <= previous)
      throw wrong(`the factor ${text} is no integer above ${previous}`);
    // Keeps a nonsensical exponent from being multiplied out.
    if (!(exponent >= 1 && exponent <= request.number.length * BITS_PER_DIGIT_MAX))
      throw wrong(`${text} has the exponent ${exponent}`);
    product *= prime ** BigInt(exponent);
    previous = prime;
    return { prime, exponent, certainty };
  });
  if (product !== number) throw wrong(`its factors multiply to ${product}, not to ${number}`);
  const complete = factors.every(({ certainty }) => certainty !== 'composite');
  if (complete !== request.complete) throw wrong('it misstates whether it is complete');
  return { number, factors, complete };
}

function integer(text: string): bigint | undefined {
  return /^[1-9]\d*$/.test(text) ? BigInt(text) : undefined;
}
