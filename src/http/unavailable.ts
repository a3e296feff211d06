/** Refusals that pass by themselves: 503 with the time after which another try makes sense. */
import { HttpProblem } from './problem.ts';

const DETAILS = {
  store_full: 'There is no room to write anything down now; what was accepted goes on',
  overloaded: 'Too much is arriving at once',
  stopping: 'This server is stopping and accepts nothing new',
  shard_absent: 'A part of the cluster does not answer',
  outcome_unknown:
    'The store cannot be reached, or did not answer in time. Whether what was asked is done is not known: with the same Idempotency-Key it is safe to ask again',
} as const;

/** `detail`: what to say instead of what is usually so. */
export function unavailable(
  code: keyof typeof DETAILS,
  retryAfterMs: number,
  detail: string = DETAILS[code],
): HttpProblem {
  return new HttpProblem(code, detail, {
    headers: { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) },
  });
}
