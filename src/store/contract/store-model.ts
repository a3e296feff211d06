/**
 * What a store does, as plainly as it can be said: a map. For tests only, which compare an adapter with it.
 *
 * Holds the part of the port in which requests come, wait, end and return; known numbers, keys, logs and retention are tested
 * one by one.
 */
import type { NewRequest, StoredRequest, TimelineEvent } from '../../domain/request.ts';
import type { CallerBacklog, EndedRequest, ListQuery, QueuePage } from '../store.ts';

export class StoreModel {
  readonly #requests = new Map<number, StoredRequest>();

  accept(requests: readonly NewRequest[]): void {
    for (const request of requests) {
      this.#requests.set(request.seq, { ...request, state: { kind: 'queued' }, timeline: [] });
    }
  }

  get(seqs: readonly number[]): (StoredRequest | undefined)[] {
    return seqs.map((seq) => this.#requests.get(seq));
  }

  finish(ended: readonly EndedRequest[]): number[] {
    return ended.flatMap(({ seq, state, timeline }) => {
      const stored = this.#requests.get(seq);
      if (stored?.state.kind !== 'queued') return [];
      this.#requests.set(seq, { ...stored, state, timeline });
      return [seq];
    });
  }

  requeue(seq: number, ordinal: number, timeline: readonly TimelineEvent[]): boolean {
    const stored = this.#requests.get(seq);
    if (stored?.state.kind !== 'partial') return false;
    const { cpuMs, factors } = stored.state;
    this.#requests.set(seq, { ...stored, ordinal, timeline, state: { kind: 'queued', cpuMs, factors } });
    return true;
  }

  /** All that a list could ever show, newest first; pages are not modelled. */
  list({ callerId, mode, status }: Omit<ListQuery, 'limit'>): StoredRequest[] {
    return this.#ascending()
      .filter((r) => callerId === undefined || r.callerId === callerId)
      .filter((r) => mode === undefined || r.mode === mode)
      .filter((r) => status === undefined || r.state.kind === status)
      .toReversed();
  }

  queued({ callerId, afterSeq, limit }: QueuePage): StoredRequest[] {
    return this.#ascending()
      .filter((r) => r.callerId === callerId && r.state.kind === 'queued' && r.seq > afterSeq)
      .slice(0, limit);
  }

  /** In the order of caller ids. */
  backlog(): CallerBacklog[] {
    const waiting = Map.groupBy(
      this.#ascending().filter((r) => r.state.kind === 'queued'),
      (r) => r.callerId,
    );
    return [...waiting]
      .map(([callerId, requests]) => ({
        callerId,
        count: requests.length,
        ordinalMax: Math.max(...requests.map((r) => r.ordinal)),
      }))
      .toSorted((a, b) => (a.callerId < b.callerId ? -1 : 1));
  }

  #ascending(): StoredRequest[] {
    return [...this.#requests.values()].toSorted((a, b) => a.seq - b.seq);
  }
}
