/**
 * Leaving: what is held here goes to the replicas that stay, parcel by parcel, each deleted here once its receiver has it on disk.
 *
 * Invariants:
 *   L1. Nothing is deleted here that is not on disk there.
 *   L2. A parcel of which it is not known whether its receiver took it goes to nobody else: where that receiver can't be asked again,
 *       the handing over ends, and the parcel stays here.
 *   L3. All goes to one receiver as long as that takes it: the log of a job may fill several parcels, and is worth most in one piece.
 *   L4. What is left, for want of time or of receivers, is here as it was: the next owner of this shard takes it up.
 */
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-message.ts';
import { BusError } from '../../bus/bus.ts';
import { StoreError, type Parcel, type Store } from '../../store/store.ts';
import { CALLS } from './calls.ts';
import type { Peer } from './peer.ts';
import type { Peers } from './peers.ts';
import { PRESENT_MS } from './presence.ts';

export interface HandOverParts {
  readonly store: Pick<Store, 'parcel' | 'partWith'>;
  readonly peers: Peers;
  readonly clock: Clock;
  /** How long it may take. */
  readonly withinMs: number;
}

export interface HandedOver {
  readonly parcels: number;
  readonly bytes: number;
  /** Why something is left; undefined: nothing is. */
  readonly left?: string;
}

/** How long a receiver may take for one parcel. */
const ADOPT_MS = 5_000;
/** How long one receiver is offered the same parcel, when it may have it and does not say so. */
const OFFER_MS_MAX = 60_000;
const RETRY_MS = 200;

/** Nothing may work on what the store holds any more. Rejects with what the store rejects with, but for want of room. */
export async function handOver({ store, peers, clock, withinMs }: HandOverParts): Promise<HandedOver> {
  const untilMs = clock.monotonicMs() + withinMs;
  let receiver: number | undefined;
  let parcels = 0;
  let bytes = 0;
  for (;;) {
    const parcel = await nextParcel(store);
    if (!parcel) return { parcels, bytes };
    if ('left' in parcel) return { parcels, bytes, left: parcel.left };
    if (clock.monotonicMs() >= untilMs) return { parcels, bytes, left: 'the time is over' };
    const receivers = await candidates(peers, receiver, clock, untilMs);
    const outcome = await placed(parcel, receivers, peers, clock, untilMs);
    if ('left' in outcome) return { parcels, bytes, left: outcome.left };
    await store.partWith(parcel);
    parcels++;
    bytes += parcel.bytes.length;
    receiver = outcome.shard;
  }
}

async function nextParcel(
  store: Pick<Store, 'parcel'>,
): Promise<Parcel | { readonly left: string } | undefined> {
  try {
    return await store.parcel();
  } catch (error) {
    if (error instanceof StoreError && error.code === 'full') return { left: error.message };
    throw error;
  }
}

/**
 * Those who may take a parcel. Whoever was here and is not heard just now is waited for, as long as for a heartbeat that was lost: if this
 * process stood still, all seem to be gone until they are heard again.
 */
async function candidates(
  peers: Peers,
  receiver: number | undefined,
  clock: Clock,
  untilMs: number,
): Promise<Peer[]> {
  const giveUpMs = Math.min(untilMs, clock.monotonicMs() + PRESENT_MS);
  for (;;) {
    const here = working(peers, receiver);
    const [first] = here;
    const isWhole = first !== undefined && (receiver === undefined || first.shard === receiver);
    if (isWhole || !peers.presence.isAnyoneMissing || clock.monotonicMs() >= giveUpMs) return here;
    await clock.sleep(RETRY_MS);
  }
}

/** Who took the last one, then those with the least to do. */
function working({ presence }: Peers, receiver: number | undefined): Peer[] {
  const rank = ({ shard }: Peer): number => (shard === receiver ? 0 : 1);
  return presence
    .present()
    .filter(({ stage }) => stage === 'working')
    .toSorted((a, b) => rank(a) - rank(b) || a.load - b.load);
}

type Placed = { readonly shard: number } | { readonly left: string };

/** Gives a parcel to the first of these who takes it. */
async function placed(
  parcel: Parcel,
  receivers: readonly Peer[],
  peers: Peers,
  clock: Clock,
  untilMs: number,
): Promise<Placed> {
  let refusals = '';
  for (const { shard, name } of receivers) {
    const outcome = await offered(parcel, shard, peers, clock, untilMs);
    if (outcome === 'taken') return { shard };
    if ('unknown' in outcome) return { left: `it is not known whether ${name} took it: ${outcome.unknown}` };
    refusals += `; ${name}: ${outcome.refused}`;
  }
  return { left: `no replica is here that takes it${refusals}` };
}

/** Gives a parcel to one replica, again until it is known what became of it or its time is over. */
async function offered(
  parcel: Parcel,
  shard: number,
  peers: Peers,
  clock: Clock,
  untilMs: number,
): Promise<'taken' | { readonly refused: string } | { readonly unknown: string }> {
  const giveUpMs = Math.min(untilMs, clock.monotonicMs() + OFFER_MS_MAX);
  let mayHaveIt = false;
  let last = '';
  for (;;) {
    const leftMs = giveUpMs - clock.monotonicMs();
    if (leftMs <= 0) {
      const why = `the time is over${last}`;
      return mayHaveIt ? { unknown: why } : { refused: why };
    }
    try {
      await peers.ask(shard, CALLS.adopt, parcel.bytes, Math.min(ADOPT_MS, leftMs));
      return 'taken';
    } catch (error) {
      const why = errorMessage(error);
      const code = error instanceof BusError ? error.code : undefined;
      // What it refuses changed nothing there; nor did what nobody received.
      if ((code === 'refused' || code === 'absent') && !mayHaveIt) return { refused: why };
      if (code !== 'refused' && code !== 'absent') mayHaveIt = true;
      if (!peers.presence.isPresent(shard)) return { unknown: why };
      last = `; last: ${why}`;
      await clock.sleep(RETRY_MS);
    }
  }
}
