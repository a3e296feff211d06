/**
 * Coming back: before a replica is ready, those who are here tell it all that they have kept for it while it was away.
 *
 * That takes a moment where everybody answers, and is bounded where somebody does not: who could not be heard tells it later, as to a
 * replica that is ready.
 */
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/error-message.ts';
import type { Bus } from '../../bus/bus.ts';
import { CALLS } from './calls.ts';
import type { Peers } from './peers.ts';
import { HEARTBEAT_MS } from './presence.ts';

export interface CatchUpParts {
  readonly peers: Peers;
  readonly bus: Pick<Bus, 'connected'>;
  readonly clock: Clock;
  /** Told of what could not be waited for. */
  readonly onNotice: (notice: string) => void;
}

/** In the time from one heartbeat to the next, and some more, everybody is heard who is here. */
const HEAR_MS = HEARTBEAT_MS + 100;
const CONNECT_MS_MAX = 5_000;
const FLUSH_MS_MAX = 10_000;
const RETRY_MS = 250;
const CONNECT_LOOK_MS = 50;

/** Resolves once all who are present have told what they had to tell, or can't. `presence` must be running. */
export async function catchUp({ peers, bus, clock, onNotice }: CatchUpParts): Promise<void> {
  const connectUntilMs = clock.monotonicMs() + CONNECT_MS_MAX;
  while (!bus.connected && clock.monotonicMs() < connectUntilMs) await clock.sleep(CONNECT_LOOK_MS);
  if (!bus.connected) {
    onNotice('The other replicas cannot be reached: what they have to tell, they tell once they can be');
    return;
  }
  peers.presence.announce();
  await clock.sleep(HEAR_MS);
  const untilMs = clock.monotonicMs() + FLUSH_MS_MAX;
  await Promise.all(
    peers.presence.present().map(async ({ shard, name }) => {
      const failure = await toldBy(shard, untilMs, peers, clock);
      if (failure !== undefined)
        onNotice(`${name} has not told what it had to tell, and tells it later: ${errorMessage(failure)}`);
    }),
  );
}

/** Asks one replica until it has told everything, is gone, or `untilMs` is over; why it did not. */
async function toldBy(shard: number, untilMs: number, peers: Peers, clock: Clock): Promise<unknown> {
  for (;;) {
    const leftMs = untilMs - clock.monotonicMs();
    try {
      await peers.ask(shard, CALLS.flush, { shard: peers.presence.shard }, leftMs);
      return undefined;
    } catch (error) {
      if (!peers.presence.isPresent(shard) || untilMs - clock.monotonicMs() <= RETRY_MS) return error;
      await clock.sleep(RETRY_MS);
    }
  }
}
