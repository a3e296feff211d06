/** What this replica answers when others ask: out of what it holds itself, so that nobody is asked in a circle. */
import type { Store } from '../../store/store.ts';
import type { Service } from '../service.ts';
import { CALLS } from './calls.ts';
import type { KeyAgreement } from './key-agreement.ts';
import type { LocalReplica } from './local-replica.ts';
import { membersHere } from './members-here.ts';
import type { Peers } from './peers.ts';

export interface AnswerParts {
  readonly peers: Peers;
  readonly local: LocalReplica;
  /** For submissions alone: a key that was this replica's a moment ago may be another's now. */
  readonly service: Pick<Service, 'accept' | 'acceptInline' | 'postValues'>;
  readonly keys: KeyAgreement;
  readonly store: Pick<Store, 'adopt'>;
  /** Whether no other replica can have the shard yet. */
  readonly isOurs: () => boolean;
}

/** Longest wait that is held for another replica, which waits no longer than its own clients do. */
const WAIT_MS_MAX = 60_000;
/** What ends no wait: who asked stops listening, and the wait is bounded. */
const NEVER = new AbortController().signal;

export function answerPeers({ peers, local, service, keys, store, isOurs }: AnswerParts): void {
  /** For what may come from memory. What the store answers was true when it did, and what it wrote is written. */
  const ofMemory = async <T>(answer: Promise<T>): Promise<T> => {
    const known = await answer;
    if (!isOurs()) throw new Error('Another replica may have this shard by now');
    return known;
  };
  peers.answer(CALLS.find, async ({ requestId }) => foundIf(await ofMemory(local.lookUp(requestId))));
  peers.answer(CALLS.wait, async ({ requestId, waitMs }) =>
    foundIf(await ofMemory(local.wait(requestId, Math.min(waitMs, WAIT_MS_MAX), NEVER))),
  );
  peers.answer(CALLS.change, ({ requestId, change }) => local[change](requestId));
  peers.answer(CALLS.accept, ({ input, waitMs }) =>
    waitMs === undefined
      ? service.accept(input)
      : service.acceptInline(input, Math.min(waitMs, WAIT_MS_MAX), NEVER),
  );
  peers.answer(CALLS.postValues, ({ input, waitMs }) =>
    service.postValues(input, Math.min(waitMs, WAIT_MS_MAX), NEVER),
  );
  peers.answer(CALLS.valuesBatch, ({ batchId, waitMs }) =>
    ofMemory(local.valuesBatch(batchId, Math.min(waitMs, WAIT_MS_MAX), NEVER)),
  );
  peers.answer(CALLS.members, ({ seqs }) => ofMemory(membersHere(seqs, local)));
  peers.answer(CALLS.list, (query) => local.list(query));
  peers.answer(CALLS.valuesOf, (query) => local.valuesKept(query));
  peers.answer(CALLS.holdsKeys, async ({ shard, keys: asked }) => ({ held: await keys.held(shard, asked) }));
  peers.answer(CALLS.adopt, async (bytes) => {
    if (peers.presence.stage !== 'working') throw new Error('This replica takes nothing over: it is leaving');
    local.takeUp(await store.adopt(bytes));
    return {};
  });
}

function foundIf<T>(request: T | undefined): { readonly request?: T } {
  return request === undefined ? {} : { request };
}
