import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Type from 'typebox';
import type { Call } from './calls.ts';
import { plainForm } from './form.ts';
import { ManualNetwork } from './manual-network.ts';

interface Held {
  readonly holds: boolean;
}

const HOLDS: Call<object, Held> = {
  topic: 'holds',
  question: plainForm(Type.Object({})),
  answer: plainForm(Type.Object({ holds: Type.Boolean() })),
};

/** One thing that moves from replica 2, which leaves, once another has said that it does not have it. */
class Scene extends ManualNetwork {
  readonly asker = this.join(0);
  readonly stayer = this.join(1);
  readonly leaver = this.join(2);
  holder = 2;

  constructor(mover: number, receiver: number) {
    super();
    this.leaver.presence.enter('leaving');
    for (const member of [this.stayer, this.leaver])
      member.peers.answer(HOLDS, async () => {
        if (member.shard === mover) {
          await this.clock.sleep(50);
          this.holder = receiver;
        }
        return { holds: this.holder === member.shard };
      });
  }

  here(): Promise<Held> {
    return Promise.resolve({ holds: this.holder === 0 });
  }

  async holders(): Promise<number[]> {
    await this.clock.advance(600);
    const asked = this.asker.peers.everywhere(HOLDS, {}, 500, () => this.here());
    const answers = await this.passing(asked);
    return [...answers].filter(([, { holds }]) => holds).map(([shard]) => shard);
  }
}

test('what moves between others while they are asked is found where it is', async () => {
  assert.deepEqual(await new Scene(2, 1).holders(), [1]);
});

test('what moves to the one that asks is found there', async () => {
  assert.deepEqual(await new Scene(2, 0).holders(), [0]);
});

test('what moves away from the one that asks is found where it was, or where it is', async () => {
  const scene = new Scene(1, 1);
  scene.asker.presence.enter('leaving');
  scene.holder = 0;
  assert.ok((await scene.holders()).length > 0);
});

test('those who do not answer are left out, and hold up nobody for longer than their time', async () => {
  const scene = new Scene(-1, -1);
  await scene.clock.advance(600);
  scene.network.part([0, 1], [2]);
  const startMs = scene.clock.monotonicMs();
  const answers = await scene.passing(scene.asker.peers.everywhere(HOLDS, {}, 500, () => scene.here()));
  assert.deepEqual(
    [...answers.keys()].toSorted((a, b) => a - b),
    [0, 1],
  );
  assert.ok(scene.clock.monotonicMs() - startMs < 600);
});

test('one that has fallen silent refuses, and says why', async () => {
  const scene = new Scene(-1, -1);
  scene.stayer.peers.fallSilent();
  await assert.rejects(scene.passing(scene.asker.peers.ask(1, HOLDS, {}, 500)), /has left/);
});
