/** Whether a number is prime: a word at once, anything longer on a compute thread, at its caller's turns like all work. */
import { isPrimeWord } from '../kernel/is-prime-word.ts';
import { WORD_END } from '../kernel/word-end.ts';
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
  let verdict: boolean | undefined;
  // Neither a composite needs to be split, nor a prime to be proven.
  const party = guests.invite(callerId, [n], (job) => (verdict ??= verdictOf(job)) !== undefined);
  if (party === undefined) return undefined;
  await party.wait(waitMs, signal);
  party.dismiss();
  if (verdict !== undefined) return verdict;
  const [factors] = party.factors;
  return factors && factors.length === 1 && factors[0]?.exponent === 1;
}

function verdictOf({ progress, factors }: LiveJob): boolean | undefined {
  const isSplit = factors.length > 1 || factors.some(({ exponent }) => exponent > 1);
  if (isSplit || (progress !== undefined && !BEFORE_THE_VERDICT.includes(progress.stage))) return false;
  // What is not known to be prime is called composite, whether it was tested or not.
  return factors[0] && factors[0].certainty !== 'composite' ? true : undefined;
}
