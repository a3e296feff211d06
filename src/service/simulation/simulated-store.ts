/** A store in memory for simulations: each call takes effect when the world completes it, whole, and survives crashes from then on. */
import { assert } from '../../base/assert.ts';
import { isDueBefore, type DueCallback } from '../../domain/delivery.ts';
import type { Factor } from '../../domain/factorization.ts';
import { SEQ_STRIDE } from '../../domain/request-id.ts';
import type { FinalState, NewRequest, StoredRequest, TimelineEvent } from '../../domain/request.ts';
import type { JobLog, JobLogEntry } from '../../store/job-log.ts';
import {
  StoreError,
  type AcceptOutcome,
  type AttemptRecord,
  type CallbackBacklog,
  type CallbackPage,
  type CallerBacklog,
  type EndedJob,
  type Endpoint,
  type NewBatch,
  type QueuePage,
  type Store,
} from '../../store/store.ts';
import { adoptParcel, parcelOf, partWithParcel } from './simulated-parcels.ts';
import { SimulatedValues } from './simulated-values.ts';
import type { Machine } from './world.ts';

export interface SimulatedLog {
  chunks: Uint8Array[];
  cpuMs: number;
  breaks: number;
}

/** What is on the simulated disk: it outlives the replicas that write it. */
export class Disk {
  readonly requests = new Map<number, StoredRequest>();
  readonly known = new Map<string, readonly Factor[]>();
  readonly logs = new Map<string, SimulatedLog>();
  readonly kept = new SimulatedValues();
  /** Every end that was ever written, in order. */
  readonly ends: { readonly seq: number; readonly state: FinalState }[] = [];
  /** Those of them that are to be told to a callback URL, with the sequence numbers they were given, in order. */
  readonly callbacks: { callerId: string; sequence: number; seq: number; state: FinalState }[] = [];
  /** Latest first. */
  gone: Endpoint[] = [];

  readonly #sequences = new Map<string, number>();

  nextSequence(callerId: string): number {
    const sequence = (this.#sequences.get(callerId) ?? 0) + 1;
    this.#sequences.set(callerId, sequence);
    return sequence;
  }

  /** What is due of this caller, now or later, in order. */
  due(callerId: string): DueCallback[] {
    return [...this.requests.values()]
      .flatMap(({ seq, callerId: of, callbackUrl: url, delivery: { sequence, dueAtMs, shard } = {} }) =>
        of === callerId && url !== undefined && sequence !== undefined && dueAtMs !== undefined
          ? [{ seq, sequence, dueAtMs, url, ...(shard !== undefined && { shard }) }]
          : [],
      )
      .toSorted((a, b) => (isDueBefore(a, b) ? -1 : 1));
  }
}

/** All callers share. `shard`: the one that this store is. */
export function simulatedStore(machine: Machine, disk: Disk, isFull: () => boolean, shard = 0): Store {
  // What `isFull` refuses changes nothing.
  const call = <T>(effect: () => T): Promise<T> =>
    machine.begin('store', () => {
      if (isFull()) throw new StoreError('full', 'simulated');
      return effect();
    });
  const read = <T>(effect: () => T): Promise<T> => machine.begin('store', effect);
  const queued = (): StoredRequest[] =>
    [...disk.requests.values()]
      .filter(({ state }) => state.kind === 'queued')
      .toSorted((a, b) => a.seq - b.seq);
  const log = (number: string): SimulatedLog => {
    const found = disk.logs.get(number) ?? { chunks: [], cpuMs: 0, breaks: 0 };
    disk.logs.set(number, found);
    return found;
  };
  return {
    failed: new Promise(() => undefined),
    accept: ({ requests }: NewBatch) =>
      call((): AcceptOutcome => {
        const known = requests.map((request) => {
          const { seq, mode, number, acceptedAtMs: atMs, keep } = request;
          const value = mode === 'values' ? disk.kept.get('', number, atMs) : undefined;
          disk.requests.set(seq, value ? asDone(request, value.factors) : asQueued(request));
          if (value) disk.kept.put('', { number, factors: value.factors, ...keep, version: seq });
          return value?.factors;
        });
        return { kind: 'accepted', known };
      }),
    settle: () => Promise.resolve(0),
    // Keys stand for nothing here.
    heldKeys: (keys) => read(() => keys.map(() => false)),
    get: (seqs) => read(() => seqs.map((seq) => disk.requests.get(seq))),
    batchProgress: ({ first, count }) =>
      read(() => {
        const found = Array.from({ length: count }, (_, i) =>
          disk.requests.get(first.seq + i * SEQ_STRIDE),
        ).filter((request) => request?.token === first.token && request.mode === 'values');
        const open = found.filter((request) => request?.state.kind === 'queued');
        const done = found.filter((request) => request?.state.kind === 'done').length;
        const last = open.at(-1)?.seq;
        return {
          queued: open.length,
          done,
          ended: found.length - open.length - done,
          ...(last !== undefined && { lastQueuedSeq: last }),
        };
      }),
    list: () => read(() => ({ requests: [...disk.requests.values()] })),
    finish: (ended: readonly EndedJob[]) =>
      call(() => {
        const applied = new Map<number, number>();
        for (const { number, dropLog, known, requests } of ended) {
          for (const { seq, state, timeline, called } of requests) {
            const request = disk.requests.get(seq);
            if (request?.state.kind !== 'queued') continue;
            const sequence = called ? disk.nextSequence(request.callerId) : 0;
            const due = { status: 'pending', sequence, attempts: 0, dueAtMs: state.finishedAtMs } as const;
            disk.requests.set(seq, { ...request, state, timeline, ...(called && { delivery: due }) });
            disk.ends.push({ seq, state });
            if (request.mode === 'values' && state.kind === 'done')
              disk.kept.put('', {
                number: request.number,
                factors: state.factors,
                ...request.keep,
                version: seq,
              });
            if (called) disk.callbacks.push({ callerId: request.callerId, sequence, seq, state });
            applied.set(seq, sequence);
          }
          if (known) disk.known.set(number, known.factors);
          if (dropLog) disk.logs.delete(number);
        }
        return applied;
      }),
    requeue: (seq, ordinal, timeline) =>
      call(() => {
        const request = disk.requests.get(seq);
        if (request?.state.kind !== 'partial' || request.delivery?.dueAtMs !== undefined) return false;
        const { cpuMs, factors } = request.state;
        const again = asQueued({ ...request, ordinal }, timeline);
        disk.requests.set(seq, { ...again, state: { kind: 'queued', cpuMs, factors } });
        return true;
      }),
    backlog: () =>
      read((): CallerBacklog[] =>
        [...Map.groupBy(queued(), ({ callerId }) => callerId)].map(([callerId, all]) => ({
          callerId,
          count: all.length,
          ordinalMax: Math.max(...all.map(({ ordinal }) => ordinal)),
        })),
      ),
    queued: (pages: readonly QueuePage[]) =>
      call(() =>
        pages.map(({ callerId, afterSeq, limit }) =>
          queued()
            .filter((request) => request.callerId === callerId && request.seq > afterSeq)
            .slice(0, limit),
        ),
      ),
    known: (numbers) => call(() => numbers.map((number) => disk.known.get(number))),
    appendLog: ({ number, chunks, cpuMs, started }: JobLogEntry) =>
      call(() => {
        const entry = log(number);
        entry.chunks.push(...chunks);
        entry.cpuMs = cpuMs;
        for (const { seq, startedAtMs, budgetFromMs } of started) {
          const request = disk.requests.get(seq);
          if (request?.state.kind !== 'queued') continue;
          // When it was started last, as when its budget began, is written once.
          const begun = request.state.startedAtMs === startedAtMs ? {} : { startedAtMs, budgetFromMs };
          disk.requests.set(seq, { ...request, state: { ...request.state, ...begun, cpuMs } });
        }
      }),
    readLog: (number) => call((): JobLog => ({ ...log(number), chunks: [...log(number).chunks] })),
    recordBreak: (number) => call(() => ++log(number).breaks),
    prune: () => call(() => 0),
    callbackBacklog: () =>
      read((): CallbackBacklog[] =>
        [...new Set([...disk.requests.values()].map(({ callerId }) => callerId))].flatMap((callerId) => {
          const [first] = disk.due(callerId);
          return first ? [{ callerId, firstDueAtMs: first.dueAtMs }] : [];
        }),
      ),
    dueCallbacks: (pages: readonly CallbackPage[]) =>
      read(() =>
        pages.map(({ callerId, after, limit }) =>
          disk
            .due(callerId)
            .filter((due) => isDueBefore(after, due))
            .slice(0, limit),
        ),
      ),
    recordAttempt: ({ seq, wasDueAtMs, delivery, timeline, endpointGone }: AttemptRecord) =>
      call(() => {
        if (endpointGone) disk.gone = [endpointGone, ...disk.gone];
        const request = disk.requests.get(seq);
        const was = request?.delivery;
        if (!request || was?.sequence !== delivery.sequence || was.dueAtMs !== wasDueAtMs) return false;
        disk.requests.set(seq, { ...request, timeline, delivery });
        return true;
      }),
    redeliver: (seq, dueAtMs, timeline) =>
      call(() => {
        const request = disk.requests.get(seq);
        if (request?.delivery?.sequence === undefined) return false;
        const delivery = { ...request.delivery, status: 'pending', attempts: 0, dueAtMs } as const;
        disk.requests.set(seq, { ...request, timeline, delivery });
        const { callerId, callbackUrl } = request;
        disk.gone = disk.gone.filter((gone) => gone.callerId !== callerId || gone.url !== callbackUrl);
        return true;
      }),
    goneEndpoints: (limit) => read(() => disk.gone.slice(0, limit)),
    putValues: (scope, values) => call(() => values.forEach((value) => disk.kept.put(scope, value))),
    values: (scope, numbers, nowMs) =>
      read(() => numbers.map((number) => disk.kept.get(scope, number, nowMs))),
    valuesOf: (query) => read(() => disk.kept.ofPrime(query)),
    renewValues: (scope, renewals, nowMs) =>
      call(() => renewals.forEach((renewal) => disk.kept.renew(scope, renewal, nowMs))),
    postRenewals: (shards, scope, renewals) =>
      call(() => {
        for (const renewal of renewals) for (const to of shards) disk.kept.post(to, scope, renewal);
      }),
    pendingRenewals: (to, limit) => read(() => disk.kept.pending(to, limit)),
    renewalsTold: (to, told) => call(() => disk.kept.told(to, told)),
    renewalShards: () =>
      read(() => [...new Set([...disk.kept.outbox.values()].map((posted) => posted.shard))]),
    parcel: () =>
      read(() => {
        const bytes = parcelOf(disk, shard);
        return bytes && { bytes };
      }),
    adopt: (bytes) => call(() => adoptParcel(disk, bytes, shard)),
    partWith: ({ bytes }) => call(() => partWithParcel(disk, bytes)),
    stats: () =>
      read(() => ({
        bytes: 0,
        freeBytes: 1,
        queued: queued().length,
        lastSeq: Math.max(0, ...disk.requests.keys()),
      })),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function asQueued(request: NewRequest, timeline: readonly TimelineEvent[] = []): StoredRequest {
  assert(Number.isSafeInteger(request.seq), `A sequence number is a safe integer: ${request.seq}`);
  const queued = { ...request, timeline, state: { kind: 'queued' } } as const;
  return request.callbackUrl === undefined
    ? queued
    : { ...queued, delivery: { status: 'pending', attempts: 0 } };
}

function asDone(request: NewRequest, factors: readonly Factor[]): StoredRequest {
  const atMs = request.acceptedAtMs;
  const finished = { event: 'finished', atMs, status: 'done', source: 'known' } as const;
  return { ...request, timeline: [finished], state: { kind: 'done', finishedAtMs: atMs, cpuMs: 0, factors } };
}
