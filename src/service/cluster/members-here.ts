/** What this replica has of a batch whose requests are on several. */
import type { BatchMember } from '../values-batch.ts';
import type { LocalReplica } from './local-replica.ts';

/** Those of the requests that are on this replica. */
export async function membersHere(
  seqs: readonly number[],
  local: Pick<LocalReplica, 'requestsOf'>,
): Promise<{ readonly members: readonly BatchMember[] }> {
  const found = await local.requestsOf(seqs);
  return {
    members: found.flatMap((request) =>
      request
        ? [
            {
              seq: request.seq,
              token: request.token,
              mode: request.mode,
              number: request.number,
              state: request.state,
            },
          ]
        : [],
    ),
  };
}
