/**
 * Finds the replica that holds a request: this one, or the one that the id names, or, since it was handed over, any other.
 *
 * Invariant: that a request is nowhere is said only where every shard that existed when it was looked for, or exists since, has said that it
 * does not hold it.
 */
import { parseRequestId } from '../../domain/request-id.ts';
import { UnavailableError } from '../unavailable-error.ts';
import { RETRY_AFTER_MS, type Census } from './census.ts';
import type { Call } from './calls.ts';
import type { Peers } from './peers.ts';
import { survey } from './survey.ts';

/** How long a replica may take to answer; three times this is less than a call may take in all. */
export const ASK_MS = 500;

export interface Search<Q, A> {
  readonly call: Call<Q, A>;
  readonly question: Q;
  /** The same question to this replica. */
  readonly here: () => Promise<A>;
  /** Whether an answer says that the request is there. */
  readonly isFound: (answer: A) => boolean;
}

export interface Held<A> {
  readonly shard: number;
  readonly answer: A;
}

/**
 * The answer of the replica that holds the request, and which it is; undefined if there is no such request. Rejects with an UnavailableError where it
 * may be on a shard that does not answer.
 */
export async function askHolder<Q, A>(
  requestId: string,
  { call, question, here, isFound }: Search<Q, A>,
  peers: Peers,
  census: Census,
): Promise<Held<A> | undefined> {
  const id = parseRequestId(requestId);
  if (!id) return undefined;
  const own = await here();
  const { presence } = peers;
  if (isFound(own)) return { shard: presence.shard, answer: own };
  if (presence.isPresent(id.shard)) {
    // Where it does not answer, somebody else may hold the request.
    const answer = await peers.ask(id.shard, call, question, ASK_MS).catch(() => undefined);
    if (answer !== undefined && isFound(answer)) return { shard: id.shard, answer };
  }
  return askEverywhere(requestId, { call, question, here, isFound }, peers, census);
}

/** The same, where neither this replica nor the one that the id names is likelier than another to hold it. */
export async function askEverywhere<Q, A>(
  requestId: string,
  { call, question, here, isFound }: Search<Q, A>,
  peers: Peers,
  census: Census,
): Promise<Held<A> | undefined> {
  const { answers, others } = await survey(call, question, ASK_MS, here, { peers, census });
  // One that leaves may remember what it has handed over.
  const [held] = [...answers]
    .filter(([, answer]) => isFound(answer))
    .map(([shard, answer]) => ({ shard, answer }))
    .toSorted(
      (a, b) => Number(peers.presence.isLeaving(a.shard)) - Number(peers.presence.isLeaving(b.shard)),
    );
  if (held) return held;
  const silent = (await others()).filter(({ shard }) => !answers.has(shard));
  if (silent.length === 0) return undefined;
  const names = silent.map(({ name }) => name).join(', ');
  throw new UnavailableError(
    'shard_absent',
    RETRY_AFTER_MS,
    `Request ${requestId} is not on the replicas that answer, and may be on what does not: ${names}`,
  );
}
