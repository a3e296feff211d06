/** Whether a request, as the service tells it, has the right answer. Pure. */
import type { CallbackBody } from '../../src/contract/request-body.ts';

/** Done, and its primes multiply to its number. */
export function isFactored({
  status,
  number,
  prime_factors: primes,
}: Pick<CallbackBody, 'status' | 'number' | 'prime_factors'>): boolean {
  return status === 'done' && primes.reduce((value, prime) => value * BigInt(prime), 1n) === BigInt(number);
}
