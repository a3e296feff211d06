/** For tests only: replicas that are no more than their part in the cluster, on a network and a clock turned by hand. */
import { ManualClock } from '../../base/manual-clock.ts';
import type { Bus } from '../../bus/bus.ts';
import { MemoryNetwork } from '../../bus/memory-bus.ts';
import type { Store } from '../../store/store.ts';
import { seeded } from '../seeded.ts';
import { Disk, simulatedStore } from '../simulation/simulated-store.ts';
import { Census } from './census.ts';
import { Peers } from './peers.ts';
import { Presence } from './presence.ts';
import { RenewalPost } from './renewal-post.ts';

/** Everything takes effect at once. */
const MACHINE = {
  begin: <T>(_line: string, effect: () => T): Promise<T> => Promise.resolve().then(effect),
};

export interface Member {
  readonly shard: number;
  readonly bus: Bus;
  readonly disk: Disk;
  readonly store: Store;
  readonly presence: Presence;
  readonly peers: Peers;
  readonly census: Census;
  readonly post: RenewalPost;
  /** Requests that it says are waiting there. */
  load: number;
  /** Ends what it does in the background. */
  readonly stopping: AbortController;
}

export class ManualNetwork {
  readonly clock = new ManualClock();
  readonly network = new MemoryNetwork({ clock: this.clock, random: seeded(3), latencyMs: [0, 1] });
  readonly disks = new Map<number, Disk>();
  readonly members = new Map<number, Member>();

  /** A replica of that shard comes, and tells the others. */
  join(shard: number): Member {
    const { clock } = this;
    const bus = this.network.join(shard);
    const disk = this.disks.get(shard) ?? new Disk();
    this.disks.set(shard, disk);
    const store = simulatedStore(MACHINE, disk, () => false, shard);
    const presence = new Presence({
      bus,
      clock,
      shard,
      epoch: 1,
      name: `replica-${shard}`,
      load: () => this.members.get(shard)?.load ?? 0,
      callbackKey: () => undefined,
      onLost: (error) => {
        throw error;
      },
    });
    const peers = new Peers({ bus, clock, presence, random: seeded(shard) });
    const census = new Census({
      presence,
      clock,
      shardsWithData: () => Promise.resolve([...this.disks.keys()]),
    });
    const post = new RenewalPost({ store, peers, census, clock });
    const stopping = new AbortController();
    const member = { shard, bus, disk, store, presence, peers, census, post, load: 0, stopping };
    this.members.set(shard, member);
    void presence.run(stopping.signal);
    return member;
  }

  /** It is gone, and its disk is kept. */
  crash({ shard, stopping }: Member): void {
    stopping.abort();
    this.network.crash(shard);
    this.members.delete(shard);
  }

  /** What a promise comes to while time goes on. */
  async passing<T>(promise: Promise<T>): Promise<T> {
    const over = new AbortController();
    const settled = promise.finally(() => over.abort()).catch(() => undefined);
    while (!over.signal.aborted) await this.clock.advance(5);
    await settled;
    return promise;
  }
}
