/** A store in memory for simulations: each call takes effect when the world completes it, whole, and survives crashes from then on. */
import { assert } from '../../base/assert.ts';
import type { Factor } from '../../domain/factorization.ts';
import type { FinalState, NewRequest, StoredRequest } from '../../domain/request.ts';
import {
  StoreError,
  type AcceptOutcome,
  type CallerBacklog,
  type EndedJob,
  type JobLog,
  type JobLogEntry,
  type NewBatch,
  type QueuePage,
  type Store,
} from '../../store/store.ts';
import type { Machine } from './world.ts';

/** What is on the simulated disk: it outlives the replicas that write it. */
export class Disk {
  readonly requests = new Map<number, StoredRequest>();
  readonly known = new Map<string, readonly Factor[]>();
  readonly logs = new Map<string, { chunks: Uint8Array[]; cpuMs: number; breaks: number }>();
  /** Every end that was ever written, in order. */
  readonly ends: { readonly seq: number; readonly state: FinalState }[] = [];
}

export function simulatedStore(machine: Machine, disk: Disk, isFull: () => boolean): Store {
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
  const log = (number: string): { chunks: Uint8Array[]; cpuMs: number; breaks: number } => {
    const found = disk.logs.get(number) ?? { chunks: [], cpuMs: 0, breaks: 0 };
    disk.logs.set(number, found);
    return found;
  };
  return {
    failed: new Promise(() => undefined),
    accept: ({ requests }: NewBatch) =>
      call((): AcceptOutcome => {
        for (const request of requests) disk.requests.set(request.seq, asQueued(request));
        return { kind: 'accepted', known: requests.map(() => undefined) };
      }),
    get: (seqs) => read(() => seqs.map((seq) => disk.requests.get(seq))),
    list: () => read(() => ({ requests: [...disk.requests.values()] })),
    finish: (ended: readonly EndedJob[]) =>
      call(() => {
        const applied: number[] = [];
        for (const { number, dropLog, known, requests } of ended) {
          for (const { seq, state, timeline } of requests) {
            const request = disk.requests.get(seq);
            if (request?.state.kind !== 'queued') continue;
            disk.requests.set(seq, { ...request, state, timeline });
            disk.ends.push({ seq, state });
            applied.push(seq);
          }
          if (known) disk.known.set(number, known.factors);
          if (dropLog) disk.logs.delete(number);
        }
        return applied;
      }),
    requeue: (seq, ordinal, timeline) =>
      call(() => {
        const request = disk.requests.get(seq);
        if (request?.state.kind !== 'partial') return false;
        disk.requests.set(seq, { ...request, ordinal, timeline, state: { kind: 'queued' } });
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
    appendLog: ({ number, chunks, cpuMs }: JobLogEntry) =>
      call(() => {
        const entry = log(number);
        entry.chunks.push(...chunks);
        entry.cpuMs = cpuMs;
      }),
    readLog: (number) => call((): JobLog => ({ ...log(number), chunks: [...log(number).chunks] })),
    recordBreak: (number) => call(() => ++log(number).breaks),
    prune: () => call(() => 0),
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

function asQueued(request: NewRequest): StoredRequest {
  assert(Number.isSafeInteger(request.seq), `A sequence number is a safe integer: ${request.seq}`);
  return { ...request, state: { kind: 'queued' }, timeline: [] };
}
