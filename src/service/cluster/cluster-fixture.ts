/** For tests only: replicas with real stores on a network in memory, whose workers do what a test lets them. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Bus } from '../../bus/bus.ts';
import { MemoryNetwork } from '../../bus/memory-bus.ts';
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts';
import type { Store } from '../../store/store.ts';
import { Replica } from '../replica.ts';
import { seeded } from '../seeded.ts';
import type { AcceptInput, RequestView, Service } from '../service.ts';
import { NO_CALLBACKS } from '../simulation/no-callbacks.ts';
import { SimulatedEngine } from '../simulation/simulated-engine.ts';
import { World } from '../simulation/world.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';
import type { HandedOver } from './hand-over.ts';
import { SteadyClock } from './steady-clock.ts';

function fail(error: unknown): void {
  throw error;
}

/** Nothing aborts. */
export const NEVER = new AbortController().signal;

/** Holds up whatever work begins while it is shut. */
class Gate {
  #opened = Promise.withResolvers<void>();

  constructor() {
    this.#opened.resolve();
  }

  get passed(): Promise<void> {
    return this.#opened.promise;
  }

  shut(): void {
    this.#opened = Promise.withResolvers();
  }

  open(): void {
    this.#opened.resolve();
  }
}

interface NodeParts {
  readonly shard: number;
  readonly bus: Bus;
  readonly store: Store;
  readonly replica: Replica;
  readonly cluster: Cluster;
  readonly service: Service;
}

export class ClusterFixture implements AsyncDisposable {
  /** Of all replicas: what they wait for does not come late because the machine has other things to do. */
  readonly clock = new SteadyClock();
  readonly network = new MemoryNetwork({ clock: this.clock, random: seeded(1), latencyMs: [0, 2] });
  /** Shards that another process may have claimed since. */
  readonly stale = new Set<number>();
  /** Whether nobody learns which shards hold data. */
  isRedisSilent = false;
  /** What operators were told. */
  readonly notices: string[] = [];
  /** Whether work begun anywhere gets on. */
  readonly gate = new Gate();
  readonly #folder: string;
  readonly #withData = new Set<number>();
  readonly #nodes = new Map<number, NodeParts>();
  /** How often any shard has been claimed. */
  #claims = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The replica of a shard that has none, once it is ready. */
  async start(shard: number): Promise<Service> {
    const store = await openSqliteStore({ dataDir: path.join(this.#folder, String(shard)) });
    this.#withData.add(shard);
    const bus = this.network.join(shard);
    const cluster = new Cluster(this.#options(shard, store, bus));
    await cluster.join();
    const machine = {
      begin: async <T>(_line: string, effect: () => T): Promise<T> => {
        await this.gate.passed;
        return effect();
      },
    };
    const replica = new Replica({
      store,
      shard,
      engine: new SimulatedEngine(new World(() => 0.5), machine),
      kernel: { isSmall: (n) => n < 1_000n, memoryPages: () => 1 },
      expectedCpuMs: (n) => (n < 1_000n ? 1 : 200),
      clock: this.clock,
      jobCpuMsMax: 10_000,
      parkedBytesMax: 2 ** 24,
      storeBytesMax: 2 ** 30,
      retentionMs: 86_400_000,
      weights: new Map(),
      callbacks: NO_CALLBACKS,
      renewals: cluster.renewals,
      onFatal: fail,
    });
    await replica.start();
    const service = cluster.open(replica, () => 'the same everywhere');
    this.#nodes.set(shard, { shard, bus, store, replica, cluster, service });
    return service;
  }

  node(shard: number): NodeParts {
    const node = this.#nodes.get(shard);
    assert(node, `shard ${shard} has no replica`);
    return node;
  }

  /** It is gone from one moment to the next, as far as the others can tell; its shard may be started again. */
  async crash(shard: number): Promise<void> {
    this.network.crash(shard);
    await this.#stop(this.node(shard));
  }

  /** Another process claims the shard, whose replica has crashed, to hand over what it holds. */
  async rescue(shard: number): Promise<HandedOver> {
    await using store = await openSqliteStore({ dataDir: path.join(this.#folder, String(shard)) });
    await using bus = this.network.join(shard);
    const cluster = new Cluster(this.#options(shard, store, bus));
    await cluster.join();
    const result = await cluster.handOver(10_000);
    await cluster[Symbol.asyncDispose]();
    if (result.left === undefined) this.#withData.delete(shard);
    return result;
  }

  /** It leaves in order. */
  async leave(shard: number): Promise<HandedOver> {
    const node = this.node(shard);
    node.cluster.leave();
    const stopped = node.replica.stop();
    // Its workers end what they are at.
    this.gate.open();
    await stopped;
    const handedOver = await node.cluster.handOver(10_000);
    if (handedOver.left === undefined) this.#withData.delete(shard);
    await this.#stop(node);
    return handedOver;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using _ = this.clock;
    this.gate.open();
    await Promise.all([...this.#nodes.values()].map((node) => this.#stop(node)));
    await rm(this.#folder, { recursive: true });
  }

  #options(shard: number, store: Store, bus: Bus): ClusterOptions {
    return {
      bus,
      store,
      shard,
      epoch: ++this.#claims,
      name: `replica-${shard}`,
      clock: this.clock,
      random: Math.random,
      shardsWithData: () =>
        this.isRedisSilent ? new Promise(() => undefined) : Promise.resolve([...this.#withData]),
      livingShards: () => Promise.resolve([...this.#nodes.keys()]),
      isOurs: () => !this.stale.has(shard),
      onNotice: (notice) => this.notices.push(notice),
      onFault: fail,
      onFatal: fail,
    };
  }

  async #stop({ shard, bus, store, replica, cluster }: NodeParts): Promise<void> {
    this.#nodes.delete(shard);
    this.gate.open();
    await replica.stop();
    await cluster.stop();
    await store[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();
  }
}

/** A cluster of these shards. */
export async function openCluster(...shards: readonly number[]): Promise<ClusterFixture> {
  const fixture = new ClusterFixture(await mkdtemp(path.join(os.tmpdir(), 'fairsieve-cluster-')));
  await Promise.all(shards.map((shard) => fixture.start(shard)));
  return fixture;
}

/** Has numbers accepted for acme; the requests, in order. */
export async function submit(
  service: Service,
  numbers: readonly bigint[],
  input: Partial<AcceptInput> = {},
): Promise<readonly RequestView[]> {
  const result = await service.accept({ callerId: 'acme', mode: 'queued', numbers, ...input });
  assert(result.kind === 'accepted', result.kind);
  return result.requests;
}
