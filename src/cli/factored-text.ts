/** A factorization as the command prints it. Pure. */
import type { Certainty, Factor, Factorization } from '../domain/factorization.ts';
import type { Factored } from './factorer.ts';

export interface GivenNumber {
  readonly text: string;
  /** Which argument or line it was, from 1. */
  readonly index: number;
}

const MARK: Record<Certainty, string> = { proven: '', probable: '[probable]', composite: '[composite]' };

/** One line like that of GNU factor, `360: 2 2 2 3 3 5`; what is not proven prime says so: `n: 3 10…7[probable] 20…9[composite]`. */
export function factorsLine(number: bigint | string, factors: readonly Factor[]): string {
  const words = factors.flatMap(({ prime, exponent, certainty }) =>
    Array.from({ length: exponent }, () => ` ${prime}${MARK[certainty]}`),
  );
  return `${number}:${words.join('')}`;
}

/** One line of JSON; integers are decimal strings, so that no reader rounds them. It begins with what the number was given as. */
export function factoredJson(given: GivenNumber, { factorization, elapsedMs, algorithm }: Factored): string {
  const { number, factors, complete }: Factorization = factorization;
  return JSON.stringify({
    ...givenJson(given),
    number: String(number),
    factors: factors.map(({ prime, exponent, certainty }) => ({ prime: String(prime), exponent, certainty })),
    complete,
    seconds: Math.round(elapsedMs * 1000) / 1_000_000,
    algorithm,
  });
}

/** One line of JSON for what is not accepted as a number. */
export function refusedJson(given: GivenNumber, message: string): string {
  return JSON.stringify({ ...givenJson(given), error: message });
}

function givenJson({ text, index }: GivenNumber): object {
  return { input: text, index };
}
