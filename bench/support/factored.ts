/** Whether a request, as the service tells it, has the right answer. Pure. */

/** Done, and its primes multiply to its number. */
export function isFactored({
  status,
  number,
  prime_factors: primes,
}: {
  readonly status: string;
  readonly number: string;
  readonly prime_factors: readonly string[];
}): boolean {
  return status === 'done' && primes.reduce((value, prime) => value * BigInt(prime), 1n) === BigInt(number);
}
