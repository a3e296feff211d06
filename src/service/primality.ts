/** Whether a number is prime: a word at once, anything longer on a compute thread, at its caller's turns like all work. */
import { isPrimeWord, WORD_END } from '../kernel/is-prime-word.ts';
import type { Guests } from './guests.ts';
import type { LiveJob } from './live-job.ts';

/** Where nothing is known yet of a number but that it has no small factor. */
const BEFORE_THE_VERDICT: readonly string[] = ['trial-division', 'primality'];

/** Undefined: it was not found out within `waitMs`, or before `signal` aborted, or there is no room for it now. */
export async function isPrime(
  n: bigint,
  callerId: string,
  guests: Pick<Guests, 'invite'>,
  waitMs: number,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  if (n < WORD_END) return isPrimeWord(n);
  let isComposite = false;
  // A job ends by itself for a prime only: for a composite, the verdict is enough.
  const party = guests.invite(callerId, [n], (job) => (isComposite ||= showsComposite(job)));
  if (party === undefined) return undefined;
  await party.wait(waitMs, signal);
  party.dismiss();
  if (isComposite) return false;
  const [factors] = party.factors;
  return factors && factors.length === 1 && factors[0]?.exponent === 1;
}

function showsComposite({ progress, factors }: LiveJob): boolean {
  const isSplit = factors.length > 1 || factors.some(({ exponent }) => exponent > 1);
  return isSplit || (progress !== undefined && !BEFORE_THE_VERDICT.includes(progress.stage));
}
