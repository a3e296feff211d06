/** What the tests of the contract share: a store in a home of its own, requests and ends as a replica makes them. */
import type { Factor } from '../../domain/factorization.ts';
import { SEQ_STRIDE, seqAt } from '../../domain/request-id.ts';
import type { FinalState, NewRequest, StoredRequest } from '../../domain/request.ts';
import type { AcceptOutcome, EndedJob, NewBatch, PruneLimits, Store } from '../store.ts';

/** A place for one store. At most one is open in it at a time. */
export interface StoreHome {
  open(): Promise<Store>;
  remove(): Promise<void>;
}

export type MakeHome = () => Promise<StoreHome>;

export const DAY_MS = 86_400_000;
/** The tests' present. */
export const NOW_MS = Date.UTC(2026, 5, 1);
export const FIRST_SEQ = seqAt(NOW_MS);
/** The sequence number of the `i`-th request after the first. */
export function seqNo(i: number): number {
  return FIRST_SEQ + i * SEQ_STRIDE;
}
const TOKEN = '0123456789ABCDEF';
/** The factors of 6. */
export const SIX: readonly Factor[] = [
  { prime: 2n, exponent: 1, certainty: 'proven' },
  { prime: 3n, exponent: 1, certainty: 'proven' },
];

/** `count` requests as one call would make them; `given` overrides what matters to a test. */
export function newRequests(count: number, given: Partial<NewRequest> = {}): NewRequest[] {
  const seq = given.seq ?? FIRST_SEQ;
  return Array.from({ length: count }, (_, i) => ({
    token: TOKEN,
    callerId: 'acme',
    mode: 'queued',
    number: String(1_000 + i),
    acceptedAtMs: NOW_MS,
    ...(given.mode === 'values' && { keep: {} }),
    ...given,
    seq: seq + i * SEQ_STRIDE,
    ordinal: (given.ordinal ?? 0) + i,
  }));
}

/** Resolves when all that was accepted can be read. */
export async function acceptAll(store: Store, batch: NewBatch): Promise<AcceptOutcome> {
  const outcome = await store.accept(batch);
  if (outcome.kind === 'accepted') await outcome.rest;
  return outcome;
}

/** The end of one request as `done`, with 2 · 3 for its factors. */
export function doneJob(seq: number, given: Partial<FinalState> = {}): EndedJob {
  const state = { kind: 'done', finishedAtMs: NOW_MS, cpuMs: 1, factors: SIX, ...given } as FinalState;
  return { number: '6', dropLog: false, requests: [{ seq, state, timeline: [] }] };
}

/** A batch under a key that is remembered for a day. */
export function keyed(requests: readonly NewRequest[], fingerprint = 'f', key = 'k'): NewBatch {
  return { requests, idempotency: { key, fingerprint, expiresAtMs: NOW_MS + DAY_MS } };
}

/** Opens a store in a new home for the time of `work`, which may have it closed and opened again. */
export async function withStore(
  makeHome: MakeHome,
  work: (store: Store, reopen: () => Promise<Store>) => Promise<void>,
): Promise<void> {
  const home = await makeHome();
  let store = await home.open();
  try {
    await work(store, async () => {
      await store[Symbol.asyncDispose]();
      store = await home.open();
      return store;
    });
  } finally {
    await store[Symbol.asyncDispose]();
    await home.remove();
  }
}

/** A new request as the store holds it. */
export function asQueued(request: NewRequest): StoredRequest {
  return {
    ...request,
    state: { kind: 'queued' },
    timeline: [],
    ...(request.callbackUrl !== undefined && { delivery: { status: 'pending', attempts: 0 } }),
  };
}

/** Prunes until nothing is left to do; returns what each step deleted. */
export async function pruneAll(store: Store, limits: PruneLimits): Promise<number[]> {
  const steps: number[] = [];
  for (;;) {
    const deleted = await store.prune(limits);
    if (deleted === 0) return steps;
    steps.push(deleted);
  }
}
