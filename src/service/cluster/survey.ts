/** Asks all replicas the same question, and says of whom there should be an answer. */
import type { Call } from './calls.ts';
import type { Census, Shard } from './census.ts';
import type { Answers, Peers } from './peers.ts';

export interface Survey<A> {
  readonly answers: Answers<A>;
  /** The other shards: those that existed before anybody was asked, and those that exist now. Rejects as `Census.others` does. */
  readonly others: () => Promise<readonly Shard[]>;
}

export interface SurveyParts {
  readonly peers: Peers;
  readonly census: Census;
}

/** `here`: the same question to this replica. Takes `timeoutMs` twice at most. */
export async function survey<Q, A>(
  call: Call<Q, A>,
  question: Q,
  timeoutMs: number,
  here: () => Promise<A>,
  { peers, census }: SurveyParts,
): Promise<Survey<A>> {
  // What a shard holds may move on, past those who have answered already, and the shard be gone when they all have.
  const [before] = await Promise.allSettled([census.others()]);
  const answers = await peers.everywhere(call, question, timeoutMs, here);
  const others = async (): Promise<readonly Shard[]> => {
    if (before.status === 'rejected') throw before.reason;
    const all = new Map([...before.value, ...(await census.others())].map((other) => [other.shard, other]));
    return [...all.values()].toSorted((a, b) => a.shard - b.shard);
  };
  return { answers, others };
}
