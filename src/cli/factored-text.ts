/** A factorization as the command prints it. Pure. */
import type { Certainty, Factor, Factorization } from '../domain/factorization.ts';
import type { Factored } from './factorer.ts';

const MARK: Record<Certainty, string> = { proven: '', probable: '[probable]', composite: '[composite]' };

/** One line like that of GNU factor, `360: 2 2 2 3 3 5`; what is not proven prime says so: `n: 3 10…7[probable] 20…9[composite]`. */
export function factorsLine(number: bigint | string, factors: readonly Factor[]): string {
  const words = factors.flatMap(({ prime, exponent, certainty }) =>
    Array.from({ length: exponent }, () => ` ${prime}${MARK[certainty]}`),
  );
  return `${number}:${words.join('')}`;
}

/** One line of JSON; integers are decimal strings, so that no reader rounds them. */
export function factoredJson({ factorization, elapsedMs, algorithm }: Factored): string {
  const { number, factors, complete }: Factorization = factorization;
  return JSON.stringify({
    number: String(number),
    factors: factors.map(({ prime, exponent, certainty }) => ({ prime: String(prime), exponent, certainty })),
    complete,
    seconds: Math.round(elapsedMs * 1000) / 1_000_000,
    algorithm,
  });
}
