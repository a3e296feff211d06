/** The store in one SQLite file, worked by a thread of its own so that an fsync never stalls the event loop. */
import { assert } from '../../base/assert.ts';
import { systemClock, type Clock } from '../../base/clock.ts';
import { moduleUrl } from '../../base/module-url.ts';
import type { Store } from '../store.ts';
import { makeDataFolder } from './data-folder.ts';
import type { WorkerInput } from './sqlite-worker.ts';
import { startStoreThread } from './store-thread.ts';
import { ThreadedStore } from './threaded-store.ts';

export interface SqliteStoreOptions {
  /** Made if absent. */
  readonly dataDir: string;
  /**
   * Most bytes that the files may have, at least 1 MiB; no bound but the disk's by default. Acceptance stops at 5/6 of it,
   * so pruning should begin at 4/5 at the latest.
   */
  readonly bytesMax?: number;
  /** Whether what is known by one caller's work answers others too; true by default. Decides under which work keys it is looked up. */
  readonly sharesWork?: boolean;
  /** See `RoundQueueOptions`; never by default. */
  readonly stallMs?: number;
  readonly clock?: Pick<Clock, 'wallMs'>;
}

const BYTES_MAX_LEAST = 2 ** 20;

/** Opens the store in `dataDir`, or rejects with a StoreError: `owned`, `version`, `broken`, `full`. */
export async function openSqliteStore({
  dataDir,
  bytesMax,
  sharesWork = true,
  stallMs,
  clock,
}: SqliteStoreOptions): Promise<Store> {
  const bytes = bytesMax ?? Number.MAX_SAFE_INTEGER;
  assert(bytes >= BYTES_MAX_LEAST, `bytesMax must be at least ${BYTES_MAX_LEAST}: it is ${bytes}`);
  makeDataFolder(dataDir);
  const workerData: WorkerInput = { dataDir, bytesMax: bytes, sharesWork };
  const module = moduleUrl('./sqlite-worker', import.meta.url);
  const { worker } = await startStoreThread(module, { workerData, name: 'sqlite' });
  return new ThreadedStore(worker, clock ?? systemClock, {
    ...(stallMs !== undefined && { stallMs }),
  }).open();
}
