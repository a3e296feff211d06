/** Whether a result is right: whatever the service says of it, the product must be the number, and the factors prime. */
import type { Kernel } from '../kernel/kernel.ts';
import { isPrime } from './is-prime.ts';
import type { Semiprime } from './semiprimes.ts';
import type { ToldResult } from './told-result.ts';

export type Verdict =
  | { readonly kind: 'right' }
  /** It ended without all of its factors, since its CPU budget was spent; those that there are are right. */
  | { readonly kind: 'partial' }
  /** It ended as failed or cancelled. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'wrong'; readonly why: string };

/** A text longer than this is cut where a person is to read it. */
const SHOWN_CHARS_MAX = 120;

export function judgeResult(told: ToldResult, asked: Semiprime, kernel: Kernel): Verdict {
  const wrong = (why: string): Verdict => ({ kind: 'wrong', why: `${asked.number}: ${why}` });
  if (told.number !== asked.number) return wrong(`the answer is about ${shown(told.number)}`);
  if (told.status === 'failed' || told.status === 'cancelled') return { kind: 'lost' };
  // The primes that the number was made of: their product is the number, and they were tested when they were made.
  const isKnown =
    told.status !== 'partial' &&
    told.primes.length === 2 &&
    told.primes.every((prime, i) => prime === asked.primes[i]);
  if (isKnown)
    return told.isComplete ? { kind: 'right' } : wrong('it is done, and says that it is not complete');
  const notInteger = told.primes.find((prime) => !/^[1-9]\d*$/.test(prime));
  if (notInteger !== undefined) return wrong(`the factor ${JSON.stringify(shown(notInteger))} is no integer`);
  const primes = told.primes.map(BigInt);
  const product = primes.reduce((value, prime) => value * prime, 1n);
  const isPartial = told.status === 'partial';
  if (isPartial ? BigInt(asked.number) % product !== 0n : String(product) !== asked.number)
    return wrong(
      `the factors ${shown(told.primes.join(' · '))} multiply to ${shown(String(product))}${isPartial ? ', which does not divide it' : ''}`,
    );
  const composite = primes.find((prime) => !isPrime(kernel, prime));
  if (composite !== undefined) return wrong(`the factor ${composite} is not prime`);
  if (isPartial) return { kind: 'partial' };
  return wrong(`the factors ${shown(told.primes.join(' · '))} do not ascend`);
}

function shown(text: string): string {
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}…`;
}
