/**
 * This replica's part in a cluster, from its coming to its leaving: `join` → `open` → `handOver` → `stop` → disposal. The last two at any
 * time.
 *
 * It stands on the bus and the store alone. Whoever only hands a store over has no replica to open.
 */
import type { Clock } from '../../base/clock.ts';
import { within } from '../../base/within.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Store } from '../../store/store.ts';
import type { Renewals } from '../renewals.ts';
import type { Service } from '../service.ts';
import { answerPeers } from './answer-peers.ts';
import { watchCallbackKeys } from './callback-keys.ts';
import { CALLS } from './calls.ts';
import { catchUp } from './catch-up.ts';
import { Census } from './census.ts';
import { ClusterService } from './cluster-service.ts';
import { handOver, type HandedOver } from './hand-over.ts';
import { KeyAgreement } from './key-agreement.ts';
import type { LocalReplica } from './local-replica.ts';
import type { Peer, Stage } from './peer.ts';
import { Peers } from './peers.ts';
import { Presence } from './presence.ts';
import { RenewalPost } from './renewal-post.ts';
import { watchNames } from './same-names.ts';
import { Unheard } from './unheard.ts';

export interface ClusterOptions {
  readonly bus: Bus;
  readonly store: Store;
  /** That of the store. */
  readonly shard: number;
  /** Which claim of the shard it is that this replica has: it grows with each. */
  readonly epoch: number;
  /** What people call this replica. */
  readonly name: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** The shards that hold data of this service, whoever has them; may leave out those that somebody has. */
  readonly shardsWithData: () => Promise<readonly number[]>;
  /** The shards that have a replica that lives, heard here or not. */
  readonly livingShards: () => Promise<readonly number[]>;
  /** Whether no other replica can have the shard yet: else what memory says of it may not be true any more. */
  readonly isOurs: () => boolean;
  /** Told of what an operator should know. */
  readonly onNotice: (notice: string) => void;
  /** … and of what one should mend. */
  readonly onFault: (fault: string) => void;
  /** Something that this process can't go on with; a StoreError `lost` where another replica has claimed the shard. */
  readonly onFatal: (error: unknown) => void;
}

export interface ClusterStatus {
  readonly shard: number;
  readonly name: string;
  readonly stage: Stage | 'left';
  /** The other replicas that are present. */
  readonly peers: readonly Peer[];
  /** Those that speak another protocol: they are asked for nothing. */
  readonly strangers: readonly Peer[];
  /** Shards that hold data and have no replica: what is on them is found again once one has them. Undefined while it can't be known. */
  readonly orphans: readonly number[] | undefined;
  /** Shards whose replicas live and are not heard. Undefined while it can't be known. */
  readonly unheard: readonly number[] | undefined;
  /** Whether there is a connection to the bus. */
  readonly busConnected: boolean;
}

/** How long it may take to learn whether a key is held elsewhere; one that does not answer holds up nobody for longer. */
const KEYS_MS = 250;
/** How long it may take to learn which shards hold data: whoever asks how things are does not wait for what is silent. */
const STATUS_MS = 1_000;

export class Cluster implements AsyncDisposable {
  readonly #options: ClusterOptions;
  readonly #presence: Presence;
  readonly #peers: Peers;
  readonly #census: Census;
  readonly #unheard: Unheard;
  readonly #post: RenewalPost;
  readonly #stopping = new AbortController();
  readonly #leaving = new AbortController();
  #running: Promise<void>[] = [];
  #replica: LocalReplica | undefined;
  #callbackKey: () => string | undefined = () => undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    const { bus, store, shard, epoch, name, clock, random, shardsWithData, onFatal } = options;
    const load = (): number => this.#replica?.waiting ?? 0;
    const onLost = (error: Error): void => {
      // Whoever is about to let the shard go may hear its next owner.
      if (!this.#stopping.signal.aborted) onFatal(error);
    };
    const callbackKey = (): string | undefined => this.#callbackKey();
    this.#presence = new Presence({ bus, clock, shard, epoch, name, load, callbackKey, onLost });
    this.#peers = new Peers({ bus, clock, presence: this.#presence, random });
    this.#census = new Census({ presence: this.#presence, clock, shardsWithData });
    this.#unheard = new Unheard({ ...options, presence: this.#presence });
    this.#post = new RenewalPost({ store, peers: this.#peers, census: this.#census, clock });
  }

  /** For the replica: how others come to know on which terms numbers are kept. */
  get renewals(): Renewals {
    return this.#post;
  }

  /**
   * Makes this replica known, and resolves once it was told what it missed, within about 15 s whoever does not answer. Nothing may be
   * deleted from the store before: a value whose time was over may have been given more.
   */
  async join(): Promise<void> {
    const { bus, clock, onNotice, onFatal } = this.#options;
    this.#peers.answer(CALLS.renew, async (pending) => {
      await this.#post.takeOver(pending);
      return {};
    });
    this.#peers.answer(CALLS.flush, async ({ shard }) => {
      await this.#post.flush(shard);
      return {};
    });
    this.#running.push(this.#presence.run(this.#stopping.signal).catch(onFatal));
    await catchUp({ peers: this.#peers, bus, clock, onNotice });
  }

  /**
   * From now on others reach `replica`, which has started; the use cases over all of them. Once, after `join`. `callbackKey`: see `Peer`.
   */
  open(replica: LocalReplica, callbackKey: () => string): Service {
    const { store, shard, clock, isOurs, onNotice, onFault, onFatal } = this.#options;
    this.#replica = replica;
    this.#callbackKey = callbackKey;
    const peers = this.#peers;
    const keys = new KeyAgreement({
      shard,
      holds: (asked) => replica.heldKeys(asked),
      askOthers: async (asked) => {
        const answers = await peers.askAll(CALLS.holdsKeys, { shard, keys: asked }, KEYS_MS);
        return new Map([...answers].map(([other, { held }]) => [other, held]));
      },
    });
    const service = new ClusterService({ local: replica, peers, census: this.#census, keys, clock });
    answerPeers({ peers, local: replica, service, keys, store, isOurs });
    const watching = watchCallbackKeys({ presence: this.#presence, clock, onFault }, this.#stopping.signal);
    const naming = watchNames({ presence: this.#presence, clock, onNotice }, this.#stopping.signal);
    this.#running.push(
      this.#post.run(this.#leaving.signal).catch(onFatal),
      watching.catch(onFatal),
      naming.catch(onFatal),
      this.#unheard.watch(this.#stopping.signal).catch(onFatal),
    );
    this.#presence.enter('working');
    return service;
  }

  /** Others learn that this replica takes nothing more. */
  leave(): void {
    if (this.#presence.stage !== 'leaving') this.#presence.enter('leaving');
    this.#leaving.abort();
  }

  /** Hands over what the store holds to the replicas that stay. Nothing may work on it any more; it can still be read. */
  handOver(withinMs: number): Promise<HandedOver> {
    this.leave();
    const { store, clock } = this.#options;
    return handOver({ store, peers: this.#peers, clock, withinMs });
  }

  /** Within about a second. */
  async status(): Promise<ClusterStatus> {
    const { shard, name, clock } = this.#options;
    const orphans = within(STATUS_MS, this.#census.orphans(), () => undefined, clock);
    return {
      shard,
      name,
      stage: this.#presence.stage,
      peers: this.#presence.present(),
      strangers: this.#presence.strangers(),
      orphans: await orphans.catch(() => undefined),
      unheard: this.#unheard.shards,
      busConnected: this.#options.bus.connected,
    };
  }

  /** Nothing touches the store any more: what others ask is refused. To be called before the store is let go. */
  async stop(): Promise<void> {
    this.#peers.fallSilent();
    this.#leaving.abort();
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  /**
   * Others learn that this replica is gone. The bus and the store are left to whoever opened them: the store is best let go before, so
   * that who hears it finds the shard as it is from then on.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#presence.enter('left');
  }
}
