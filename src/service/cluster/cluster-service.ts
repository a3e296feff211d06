/**
 * The use cases over all replicas of a cluster: what is about one request goes to the replica that holds it, what is about many is put
 * together of what each holds, and what is new stays here.
 *
 * Invariants:
 *   K1. Every call is answered in bounded time, whoever else does not answer.
 *   K2. What may be on a shard that does not answer is not said not to exist: that is an UnavailableError.
 *   K3. What is put together says how many replicas it is of, and which are missing.
 *   K4. A change is asked for once: where it is not known whether a replica has made it, nobody is asked for it again.
 */
import type { Clock } from '../../base/clock.ts';
import { BusError } from '../../bus/bus.ts';
import { parseRequestId, shardOf } from '../../domain/request-id.ts';
import { hasEnded } from '../../domain/request.ts';
import { watchPauseMs, watchedState } from '../request-watch.ts';
import { UnavailableError } from '../unavailable-error.ts';
import { batchResult, batchSeqs, parseBatchId } from '../values-batch.ts';
import type {
  AcceptInput,
  AcceptResult,
  ChangeResult,
  ListRequests,
  PostValuesResult,
  Readiness,
  ReplicaAnswers,
  RequestList,
  RequestView,
  Service,
  ValuesBatchResult,
  ValuesInput,
  ValuesOfQuery,
  ValuesOfResult,
} from '../service.ts';
import { isOutvoted } from './callback-keys.ts';
import { CALLS, type Change } from './calls.ts';
import { RETRY_AFTER_MS, type Census } from './census.ts';
import type { KeyAgreement } from './key-agreement.ts';
import type { LocalReplica } from './local-replica.ts';
import { membersHere } from './members-here.ts';
import { mergedList } from '../merged-list.ts';
import { mergedValues } from './merged-values.ts';
import type { Peers } from './peers.ts';
import { survey, type Survey } from './survey.ts';
import { ASK_MS, askEverywhere, askHolder, type Held, type Search } from './whereabouts.ts';

export interface ClusterServiceParts {
  readonly local: LocalReplica;
  readonly peers: Peers;
  readonly census: Census;
  readonly keys: KeyAgreement;
  readonly clock: Clock;
}

/** How long the replica that holds a key may take to accept, beyond the time that the client waits for anyway … */
const ACCEPT_MS = 1_000;
/** … as long as the client is answered within 2 s, since it was asked; … */
const ANSWER_MS_MAX = 1_800;
/** … and the least that a replica has beyond the wait. */
const WAIT_MARGIN_MS = 100;
/** How long a change may take in all. A cancellation waits for the disk up to 1.5 s. */
const CHANGE_MS = 1_600;

interface Timing {
  readonly leftMs: number;
  readonly timeoutMs: number;
}

type HeldView = Held<{ readonly request?: RequestView }>;

export class ClusterService implements Service {
  readonly #parts: ClusterServiceParts;

  constructor(parts: ClusterServiceParts) {
    this.#parts = parts;
  }

  accept(input: AcceptInput): Promise<AcceptResult> {
    const { local, peers } = this.#parts;
    return this.#byKey(
      input,
      () => local.accept(input),
      (shard) => peers.ask(shard, CALLS.accept, { input }, ACCEPT_MS),
    );
  }

  acceptInline(input: AcceptInput, waitMs: number, signal: AbortSignal): Promise<AcceptResult> {
    const { local, peers } = this.#parts;
    const timing = this.#waitingFor(waitMs);
    return this.#byKey(
      input,
      () => local.acceptInline(input, waitMs, signal),
      (shard) => {
        const { leftMs, timeoutMs } = timing();
        return peers.ask(shard, CALLS.accept, { input, waitMs: leftMs }, timeoutMs);
      },
    );
  }

  postValues(input: ValuesInput, waitMs: number, signal: AbortSignal): Promise<PostValuesResult> {
    const { local, peers } = this.#parts;
    const timing = this.#waitingFor(waitMs);
    return this.#byKey(
      input,
      () => local.postValues(input, waitMs, signal),
      (shard) => {
        const { leftMs, timeoutMs } = timing();
        return peers.ask(shard, CALLS.postValues, { input, waitMs: leftMs }, timeoutMs);
      },
    );
  }

  async lookUp(requestId: string): Promise<RequestView | undefined> {
    return (await this.#find(requestId))?.answer.request;
  }

  async wait(requestId: string, waitMs: number, untilAborted: AbortSignal): Promise<RequestView | undefined> {
    const { local, clock, peers } = this.#parts;
    const signal = AbortSignal.any([untilAborted, local.closing]);
    const untilMs = clock.monotonicMs() + waitMs;
    const held = await this.#find(requestId);
    const view = held?.answer.request;
    if (!held || !view || hasEnded(view.status)) return view;
    const leftMs = untilMs - clock.monotonicMs();
    if (held.shard === peers.presence.shard) return local.wait(requestId, leftMs, signal);
    // Whatever becomes of the replica meanwhile, what it said of the request was true a moment ago.
    return (await this.#waitThere(held.shard, requestId, leftMs, signal)) ?? view;
  }

  async *watch(requestId: string, untilAborted: AbortSignal): AsyncIterable<RequestView> {
    const { local, clock, peers } = this.#parts;
    const signal = AbortSignal.any([untilAborted, local.closing]);
    let told = '';
    let held = await this.#find(requestId);
    while (held?.answer.request && !signal.aborted) {
      const { shard } = held;
      const view = held.answer.request;
      const state = watchedState(view);
      if (state !== told) yield view;
      if (hasEnded(view.status)) return;
      told = state;
      const lookAtMs = clock.monotonicMs() + watchPauseMs(view);
      const isHere = shard === peers.presence.shard;
      const waiting = isHere ? local.wait.bind(local) : this.#waitThere.bind(this, shard);
      const request = await waiting(requestId, watchPauseMs(view), signal);
      // A replica that leaves lets nobody wait.
      if (!request || !hasEnded(request.status))
        await clock.sleep(Math.max(0, lookAtMs - clock.monotonicMs()), signal);
      held = request ? { shard, answer: { request } } : await this.#findPatiently(requestId, signal);
    }
  }

  async list(query: ListRequests): Promise<RequestList> {
    const { local } = this.#parts;
    const pages = await survey(CALLS.list, query, ASK_MS, () => local.list(query), this.#parts);
    return {
      ...mergedList([...pages.answers.values()], query.limit),
      replicas: await coverage(pages),
    };
  }

  cancel(requestId: string): Promise<ChangeResult> {
    return this.#change(requestId, 'cancel');
  }

  resume(requestId: string): Promise<ChangeResult> {
    return this.#change(requestId, 'resume');
  }

  redeliver(requestId: string): Promise<ChangeResult> {
    return this.#change(requestId, 'redeliver');
  }

  async valuesBatch(batchId: string, waitMs: number, signal: AbortSignal): Promise<ValuesBatchResult> {
    const { local, peers } = this.#parts;
    const batch = parseBatchId(batchId);
    if (!batch) return { kind: 'not_found' };
    const { presence } = peers;
    const timing = this.#waitingFor(waitMs, ANSWER_MS_MAX);
    const askThere = (shard: number): Promise<ValuesBatchResult> =>
      this.#valuesBatchAt(shard, batchId, timing(), signal);
    const born = shardOf(batch.first.seq);
    // Where it was accepted it is likely to be, and nobody else need be asked.
    const isElsewhere = born !== presence.shard && presence.isPresent(born);
    const likely: ValuesBatchResult = isElsewhere ? await askThere(born) : { kind: 'not_found' };
    if (likely.kind !== 'not_found') return likely;
    const own = await local.valuesBatch(batchId, timing().leftMs, signal);
    if (own.kind !== 'not_found') return own;
    // Whoever has the first one is likely to have them all, and to know when they have ended.
    const held = await this.#find(batchId.slice(0, batchId.indexOf('-')));
    if (!held || held.shard === presence.shard) return own;
    const there = isElsewhere && held.shard === born ? likely : await askThere(held.shard);
    if (there.kind !== 'not_found') return there;
    const seqs = batchSeqs(batch);
    const here = (): ReturnType<typeof membersHere> => membersHere(seqs, local);
    const parts = await survey(CALLS.members, { seqs }, ASK_MS, here, this.#parts);
    const members = new Map(
      [...parts.answers.values()].flatMap((part) => part.members.map((m) => [m.seq, m] as const)),
    );
    const result = batchResult(
      batch,
      seqs.map((seq) => members.get(seq)),
    );
    if (result.kind === 'not_found') await assertAllAnswered(parts, `Batch ${batchId}`);
    return result;
  }

  async valuesOf(query: ValuesOfQuery, signal: AbortSignal): Promise<ValuesOfResult> {
    const { local } = this.#parts;
    const pages = await survey(CALLS.valuesOf, query, ASK_MS, () => local.valuesKept(query), this.#parts);
    const replicas = await coverage(pages);
    const found = mergedValues(
      [...pages.answers.values()].map(({ lines }) => lines),
      query.limit,
    );
    if (found.lines.length > 0 || query.isKnownPrime === true) return { kind: 'values', ...found, replicas };
    const none = await local.valuesOfNone(query, signal);
    return none.kind === 'values' ? { ...none, replicas } : none;
  }

  readiness(): Readiness {
    const { local, peers } = this.#parts;
    const own = local.readiness();
    const { presence } = peers;
    const reasons = [
      ...own.reasons,
      ...(isOutvoted(presence.self(), presence.present())
        ? ['callbacks are signed here with another master key than on other replicas: all must have the same']
        : []),
      ...(presence.stage === 'catching_up'
        ? ['this replica is hearing what it missed while it was away']
        : []),
    ];
    return { ...own, ready: reasons.length === 0, reasons };
  }

  #find(requestId: string): Promise<HeldView | undefined> {
    const { peers, census } = this.#parts;
    return askHolder(requestId, this.#searchFor(requestId), peers, census);
  }

  #searchFor(requestId: string): Search<{ readonly requestId: string }, HeldView['answer']> {
    const here = async (): Promise<HeldView['answer']> => {
      const request = await this.#parts.local.lookUp(requestId);
      return request ? { request } : {};
    };
    const isFound = ({ request }: HeldView['answer']): boolean => request !== undefined;
    return { call: CALLS.find, question: { requestId }, here, isFound };
  }

  /** For one who was told of the request before: where its shard does not answer, until it does or `signal` aborts. */
  async #findPatiently(requestId: string, signal: AbortSignal): Promise<HeldView | undefined> {
    while (!signal.aborted) {
      try {
        return await this.#find(requestId);
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
        await this.#parts.clock.sleep(error.retryAfterMs, signal);
      }
    }
    return undefined;
  }

  /** The request once it has ended there, or after `waitMs`; undefined where the replica does not answer or has it no more. */
  async #waitThere(
    shard: number,
    requestId: string,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<RequestView | undefined> {
    const question = { requestId, waitMs };
    const asked = this.#parts.peers.ask(shard, CALLS.wait, question, waitMs + WAIT_MARGIN_MS, signal);
    return (await asked.catch(() => undefined))?.request;
  }

  async #change(requestId: string, change: Change): Promise<ChangeResult> {
    const { local, peers, census, clock } = this.#parts;
    const { presence } = peers;
    const id = parseRequestId(requestId);
    if (!id) return { kind: 'not_found' };
    const untilMs = clock.monotonicMs() + CHANGE_MS;
    const own = await local[change](requestId);
    if (isFinal(own)) return own;
    if (presence.isPresent(id.shard)) {
      const there = await this.#changeAt(id.shard, requestId, change, untilMs);
      if (there && isFinal(there)) return there;
    }
    // It may have been handed over. Who has it is found out first, so that nobody changes what another one has changed already.
    const held = await askEverywhere(requestId, this.#searchFor(requestId), peers, census);
    if (!held) return { kind: 'not_found' };
    const result =
      held.shard === presence.shard
        ? await local[change](requestId)
        : await this.#changeAt(held.shard, requestId, change, untilMs);
    if (result && result.kind !== 'not_found') return result;
    const why = `Request ${requestId} is on its way from one replica to another`;
    throw new UnavailableError('shard_absent', RETRY_AFTER_MS, why);
  }

  /** Undefined where nothing was changed, since that replica is gone or refuses. */
  async #changeAt(
    shard: number,
    requestId: string,
    change: Change,
    untilMs: number,
  ): Promise<ChangeResult | undefined> {
    const { peers, clock } = this.#parts;
    const leftMs = untilMs - clock.monotonicMs();
    try {
      return await peers.ask(shard, CALLS.change, { requestId, change }, leftMs);
    } catch (cause) {
      if (cause instanceof BusError && (cause.code === 'absent' || cause.code === 'refused'))
        return undefined;
      const why = `The replica of shard ${shard} did not answer in time: it is not known whether request ${requestId} was changed`;
      throw new UnavailableError('outcome_unknown', RETRY_AFTER_MS, why, cause);
    }
  }

  /** `not_found`, too, where that replica is gone. */
  async #valuesBatchAt(
    shard: number,
    batchId: string,
    { leftMs, timeoutMs }: Timing,
    signal: AbortSignal,
  ): Promise<ValuesBatchResult> {
    const { peers } = this.#parts;
    try {
      return await peers.ask(shard, CALLS.valuesBatch, { batchId, waitMs: leftMs }, timeoutMs, signal);
    } catch (cause) {
      const isSilent = cause instanceof BusError && cause.code === 'timeout' && !signal.aborted;
      if (!isSilent) return { kind: 'not_found' };
      // There is no time left to ask all the others for its requests, who are not likely to have them.
      const why = `The replica of shard ${shard} did not tell in time how batch ${batchId} stands`;
      throw new UnavailableError('shard_absent', RETRY_AFTER_MS, why, cause);
    }
  }

  /** Of a client that waits from now on: what is left of its wait, and how long another replica may take to answer by then. */
  #waitingFor(waitMs: number, beyondMs = ACCEPT_MS): () => Timing {
    const { clock } = this.#parts;
    const startMs = clock.monotonicMs();
    return () => {
      const tookMs = clock.monotonicMs() - startMs;
      const leftMs = Math.max(0, waitMs - tookMs);
      const mostMs = Math.min(leftMs + beyondMs, ANSWER_MS_MAX - tookMs);
      return { leftMs, timeoutMs: Math.max(leftMs + WAIT_MARGIN_MS, mostMs) };
    };
  }

  async #byKey<T>(
    { callerId, idempotency }: Pick<AcceptInput, 'callerId' | 'idempotency'>,
    here: () => Promise<T>,
    there: (shard: number) => Promise<T>,
  ): Promise<T> {
    if (!idempotency) return here();
    const { key } = idempotency;
    return this.#parts.keys.settle({ callerId, key }, here, async (shard) => {
      try {
        return await there(shard);
      } catch (cause) {
        const why = `The replica that accepts under this idempotency key, that of shard ${shard}, does not answer`;
        throw new UnavailableError('shard_absent', RETRY_AFTER_MS, why, cause);
      }
    });
  }
}

/** Whether it says what became of the change: elsewhere there is nothing to be changed. */
function isFinal(result: ChangeResult): boolean {
  return result.kind !== 'not_found' && !(result.kind === 'unavailable' && result.code === 'stopping');
}

async function coverage({ answers, others }: Survey<unknown>): Promise<ReplicaAnswers> {
  const all = await others();
  const missing = all.filter(({ shard }) => !answers.has(shard)).map(({ name }) => name);
  return { expected: all.length + 1, answered: all.length + 1 - missing.length, missing };
}

async function assertAllAnswered(asked: Survey<unknown>, what: string): Promise<void> {
  const { missing } = await coverage(asked);
  if (missing.length === 0) return;
  throw new UnavailableError(
    'shard_absent',
    RETRY_AFTER_MS,
    `${what} is not whole on the replicas that answer; missing: ${missing.join(', ')}`,
  );
}
