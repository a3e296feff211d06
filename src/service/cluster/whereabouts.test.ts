import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Type from 'typebox';
import { formatRequestId } from '../../domain/request-id.ts';
import { UnavailableError } from '../unavailable-error.ts';
import type { Call } from './calls.ts';
import { plainForm } from './form.ts';
import { ManualNetwork } from './manual-network.ts';
import { askHolder, type Held } from './whereabouts.ts';

interface Answer {
  readonly holds: boolean;
}

const HOLDS: Call<object, Answer> = {
  topic: 'holds',
  question: plainForm(Type.Object({})),
  answer: plainForm(Type.Object({ holds: Type.Boolean() })),
};
/** Born in that shard. */
function idOf(shard: number): string {
  return formatRequestId({ seq: 4096 * 16 + shard, token: '0'.repeat(16) });
}

class Scene extends ManualNetwork {
  readonly asker = this.join(0);
  readonly leaver = this.join(1);
  readonly stayer = this.join(2);
  holders: readonly number[] = [1];

  constructor() {
    super();
    this.leaver.presence.enter('leaving');
  }

  find(requestId: string): Promise<Held<Answer> | undefined> {
    const here = (): Promise<Answer> => Promise.resolve({ holds: this.holders.includes(0) });
    const search = { call: HOLDS, question: {}, here, isFound: ({ holds }: Answer): boolean => holds };
    return this.passing(askHolder(requestId, search, this.asker.peers, this.asker.census));
  }
}

test('what moves on from one that answers nothing, and is gone then, is not said to be nowhere', async () => {
  const scene = new Scene();
  await scene.clock.advance(600);
  scene.stayer.peers.answer(HOLDS, async () => {
    const holds = scene.holders.includes(2);
    scene.holders = [2];
    scene.disks.delete(1);
    scene.leaver.presence.enter('left');
    await scene.clock.sleep(100);
    return { holds };
  });
  await assert.rejects(
    scene.find(idOf(1)),
    (error) => error instanceof UnavailableError && error.message.endsWith('replica-1'),
  );
  assert.deepEqual(await scene.find(idOf(1)), { shard: 2, answer: { holds: true } });
});

test('of two that know a request, the one that stays is believed', async () => {
  const scene = new Scene();
  scene.holders = [1, 2];
  for (const { shard, peers } of [scene.stayer, scene.leaver])
    peers.answer(HOLDS, () => Promise.resolve({ holds: scene.holders.includes(shard) }));
  await scene.clock.advance(600);
  assert.equal((await scene.find(idOf(3)))?.shard, 2);
  scene.holders = [1];
  assert.equal((await scene.find(idOf(3)))?.shard, 1);
});
