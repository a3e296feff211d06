/** Handing over while who gives and who takes crash at the worst moments: nothing is lost, and nothing that has ended begins anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NewRequest } from '../../domain/request.ts';
import type { Parcel, Store } from '../../store/store.ts';
import { seeded } from '../seeded.ts';
import { CALLS } from './calls.ts';
import { handOver, type HandedOver } from './hand-over.ts';
import { ManualNetwork, type Member } from './manual-network.ts';

const SEEDS = 20;
const REQUESTS = 40;
const VALUES = 10;
const ROUNDS_MAX = 60;
const SENDER = 0;
const RECEIVERS = [1, 2];

class Scene extends ManualNetwork {
  readonly random: () => number;
  crashes = 0;
  /** Requests that ended with a receiver, as `shard/seq`. */
  readonly ended = new Set<string>();

  constructor(seed: number) {
    super();
    this.random = seeded(seed);
  }

  startReceiver(shard: number): void {
    const member = this.join(shard);
    member.load = Math.floor(this.random() * 100);
    member.peers.answer(CALLS.adopt, async (bytes) => {
      this.#perhapsCrash(member);
      await member.store.adopt(bytes);
      this.#endOne(member);
      this.#perhapsCrash(member);
      return {};
    });
    member.presence.enter('working');
  }

  /** What becomes of one try to hand everything over; undefined: the sender has crashed. */
  async leave(): Promise<HandedOver | undefined> {
    const sender = this.join(SENDER);
    await this.clock.advance(600);
    const crash = (): void => {
      if (this.random() < 0.85) return;
      this.crashes++;
      throw new Error('crash');
    };
    const store: Pick<Store, 'parcel' | 'partWith'> = {
      parcel: () => sender.store.parcel(),
      partWith: async (parcel: Parcel) => {
        crash();
        await sender.store.partWith(parcel);
        crash();
      },
    };
    const { clock } = this;
    const leaving = handOver({ store, peers: sender.peers, clock, withinMs: 30_000 });
    const result = await this.passing(leaving).catch(() => undefined);
    this.crash(sender);
    return result;
  }

  #perhapsCrash(member: Member): void {
    if (this.random() < 0.9) return;
    this.crashes++;
    this.crash(member);
    void this.clock.sleep(this.random() * 8_000).then(() => this.startReceiver(member.shard));
    throw new Error('crash');
  }

  #endOne({ shard, disk }: Member): void {
    const queued = [...disk.requests.values()].filter(({ state }) => state.kind === 'queued');
    const request = queued[Math.floor(this.random() * queued.length)];
    if (!request) return;
    const state = { kind: 'done', factors: [], finishedAtMs: this.clock.wallMs(), cpuMs: 1 } as const;
    disk.requests.set(request.seq, { ...request, state });
    this.ended.add(`${shard}/${request.seq}`);
  }
}

function newRequest(seq: number): NewRequest {
  return {
    seq,
    token: '0'.repeat(16),
    callerId: 'acme',
    mode: 'queued',
    number: String(seq),
    acceptedAtMs: 0,
    ordinal: seq,
  };
}

for (let seed = 1; seed <= SEEDS; seed++)
  test(`nothing is lost, and no end, whoever crashes while it is handed over (seed ${seed})`, async () => {
    const scene = new Scene(seed);
    const seqs = Array.from({ length: REQUESTS }, (_, i) => 4096 * 16 + 16 * i);
    const numbers = Array.from({ length: VALUES }, (_, i) => String(101 + i));
    const owner = scene.join(SENDER);
    await owner.store.accept({ requests: seqs.map(newRequest) });
    await owner.store.putValues(
      '',
      numbers.map((number) => ({ number, factors: [], version: 16 })),
    );
    scene.crash(owner);
    for (const shard of RECEIVERS) scene.startReceiver(shard);
    let result: HandedOver | undefined;
    for (let round = 0; round < ROUNDS_MAX && (!result || result.left !== undefined); round++)
      result = await scene.leave();
    assert.ok(result);
    assert.equal(result.left, undefined);
    assert.ok(scene.crashes > 0);
    const disks = RECEIVERS.map((shard) => scene.disks.get(shard));
    for (const seq of seqs) assert.ok(disks.some((disk) => disk?.requests.has(seq)));
    const kept = disks.flatMap((disk) => [...(disk?.kept.values.values() ?? [])]);
    assert.deepEqual(
      [...new Set(kept.map(({ value }) => value.number))].toSorted((a, b) => Number(a) - Number(b)),
      numbers,
    );
    for (const name of scene.ended) {
      const [shard, seq] = name.split('/').map(Number);
      assert.equal(scene.disks.get(shard as number)?.requests.get(seq as number)?.state.kind, 'done');
    }
    const left = scene.disks.get(SENDER);
    assert.equal((left?.requests.size ?? 0) + (left?.kept.values.size ?? 0), 0);
  });
