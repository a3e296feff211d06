/** For tests only: a replica over a real store and real worker threads, and the few steps that its tests take. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { systemClock } from '../base/clock.ts';
import { WorkerPool } from '../engine/worker-pool.ts';
import { estimateCpuMs } from '../kernel/estimate.ts';
import { createKernel, loadKernelModule } from '../kernel/load-kernel.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { ReplicaOptions } from './replica-options.ts';
import { Replica } from './replica.ts';
import { NO_CALLBACKS } from './simulation/no-callbacks.ts';
import type { PostValuesResult, RequestView, ValuesInput } from './service.ts';

const WAIT_MS_MAX = 120_000;
const module = await loadKernelModule();
const kernel = createKernel(module);

export interface OpenOptions {
  /** What its threads run. */
  readonly worker: URL;
  /** The store's folder; one for the time of the replica if absent. */
  readonly dataDir?: string;
  readonly hangMs?: number;
  /** What differs from the rest. */
  readonly settings?: Partial<ReplicaOptions>;
}

export interface OpenedReplica extends AsyncDisposable {
  readonly replica: Replica;
  /** Why each thread was replaced. */
  readonly broken: readonly string[];
}

export function newFolder(): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), 'fairsieve-faults-'));
}

export async function openReplica(options: OpenOptions): Promise<OpenedReplica> {
  const dataDir = options.dataDir ?? (await newFolder());
  const broken: string[] = [];
  const store = await openSqliteStore({ dataDir });
  const replica = new Replica({
    store,
    engine: new WorkerPool({
      workers: 2,
      workerUrl: options.worker,
      module,
      hangMs: options.hangMs ?? 60_000,
      heapMiB: 64,
      onBroken: (reason) => broken.push(reason),
      onUnstartable: assert.fail,
    }),
    kernel,
    expectedCpuMs: estimateCpuMs,
    clock: systemClock,
    jobCpuMsMax: 60_000,
    parkedBytesMax: 2 ** 28,
    storeBytesMax: 2 ** 30,
    retentionMs: 3_600_000,
    weights: new Map(),
    callbacks: NO_CALLBACKS,
    onFatal: (error) => {
      throw error;
    },
    ...options.settings,
  });
  await replica.start();
  const close = async (): Promise<void> => {
    await replica.stop();
    await store[Symbol.asyncDispose]();
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true });
  };
  return { replica, broken, [Symbol.asyncDispose]: close };
}

/** Has numbers accepted; the ids of their requests, in order. */
export async function submit(
  replica: Replica,
  callerId: string,
  numbers: readonly bigint[],
): Promise<string[]> {
  const accepted = await replica.accept({ callerId, mode: 'queued', numbers });
  assert(accepted.kind === 'accepted', accepted.kind);
  return accepted.requests.map(({ requestId }) => requestId);
}

/** Has numbers posted as values, by `acme` and with a wait that is long enough unless said otherwise. */
export function post(
  { replica }: OpenedReplica,
  numbers: readonly bigint[],
  options: Partial<ValuesInput> & { waitMs?: number; signal?: AbortSignal } = {},
): Promise<PostValuesResult> {
  const { waitMs = WAIT_MS_MAX, signal = new AbortController().signal, ...input } = options;
  return replica.postValues({ callerId: 'acme', numbers, ...input }, waitMs, signal);
}

/** The request once it has ended. */
export async function ended(replica: Replica, requestId: string): Promise<RequestView> {
  const view = await replica.wait(requestId, WAIT_MS_MAX, new AbortController().signal);
  assert(view?.finishedAtMs !== undefined, `request ${requestId} has not ended: ${view?.status}`);
  return view;
}
