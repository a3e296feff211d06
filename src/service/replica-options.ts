/** What a replica is made of and bounded by, as whoever starts it decides. */
import type { Clock } from '../base/clock.ts';
import type { CallbackOutcome } from '../callbacks/callback-outcome.ts';
import type { Engine } from '../engine/engine.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Store } from '../store/store.ts';
import type { Callback } from './callback.ts';
import type { DeliverySettings } from './deliveries.ts';
import type { QuotaLimits } from './quotas.ts';
import type { Renewals } from './renewals.ts';

export interface ReplicaOptions {
  readonly store: Store;
  readonly engine: Engine;
  readonly kernel: Pick<Kernel, 'isSmall' | 'memoryPages'>;
  readonly expectedCpuMs: (n: bigint) => number;
  readonly clock: Clock;
  readonly jobCpuMsMax: number;
  readonly parkedBytesMax: number;
  readonly storeBytesMax: number;
  readonly retentionMs: number;
  readonly weights: ReadonlyMap<string, number>;
  readonly callbacks: CallbackOptions;
  readonly quotas?: QuotaLimits;
  /** Whether equal numbers of different callers are computed once; true by default. As the store was opened. */
  readonly sharesWork?: boolean;
  /** Requests that the windows of all callers aim at together. */
  readonly loadedMax?: number;
  /** Callers of whom something waits; `CALLERS_MAX` by default. */
  readonly callersMax?: number;
  /** Whose requests are accepted here, 0 to 15: the store that this replica owns; 0 by default. */
  readonly shard?: number;
  /** Absent: there is no other replica. */
  readonly renewals?: Renewals;
  /** Something that this process can't go on with: it should end, and be started again. */
  readonly onFatal: (error: unknown) => void;
}

export interface CallbackOptions {
  /** Makes one attempt to tell the end of a request, and never rejects. `interrupted` if and only if `signal` aborted. */
  readonly send: (call: Callback, signal: AbortSignal) => Promise<CallbackOutcome>;
  readonly settings: DeliverySettings;
  readonly random: () => number;
  /** See `DeliveryParts`. */
  readonly busyShare: () => number;
}
