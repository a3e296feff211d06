/** What becomes of a large batch's later requests, which the store writes after the call that accepts them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { SIX } from '../store/contract/store-fixture.ts';
import { StoreError, type AcceptOutcome } from '../store/store.ts';
import { Intake } from './intake.ts';

type Rest = Awaited<NonNullable<Extract<AcceptOutcome, { kind: 'accepted' }>['rest']>>;

/** Three requests of a batch are accepted, of which the store has written the first. */
async function threeAccepted() {
  const rest = Promise.withResolvers<Rest>();
  const told = { waiting: [] as number[], left: [] as number[], known: [] as number[] };
  const fatal: unknown[] = [];
  let ordinal = 0;
  const intake = new Intake({
    store: {
      accept: () => Promise.resolve({ kind: 'accepted', known: [undefined], rest: rest.promise }),
      get: () => assert.fail(),
      requeue: () => assert.fail(),
    },
    pager: {
      admit: () => ordinal++,
      accepted: ({ seq }) => told.waiting.push(seq),
      left: ({ seq }) => told.left.push(seq),
    },
    clock: new ManualClock(),
    shard: 0,
    newToken: () => '0'.repeat(16),
    onArrived: () => undefined,
    onKnown: ({ seq }) => told.known.push(seq),
    onFatal: (error) => fatal.push(error),
  });
  const input = { callerId: 'acme', mode: 'values', numbers: [6n, 15n, 6n] } as const;
  const accepted = await intake.accept(input, false);
  assert(accepted.kind === 'accepted', accepted.kind);
  const [first = 0, second = 0, third = 0] = accepted.requests.map(({ seq }) => seq);
  return { intake, rest, told, fatal, seqs: [first, second, third] as const };
}

test('a request that turns out to be done when it is written is told as done, and waits for nothing', async () => {
  const { intake, rest, told, fatal, seqs } = await threeAccepted();
  const [first, second, third] = seqs;
  assert.deepEqual(told, { waiting: [first], left: [], known: [] });
  assert.equal(intake.arrivingCount, 2);
  rest.resolve([undefined, SIX]);
  await intake.idle();
  assert.deepEqual(told, { waiting: [first, second], left: [third], known: [third] });
  assert.deepEqual([intake.arrivingCount, fatal], [0, []]);
});

test('what there is no room to write stays accepted; any other fault of it is one after which nothing can go on', async () => {
  const narrow = await threeAccepted();
  narrow.rest.reject(new StoreError('full', 'no room'));
  await narrow.intake.idle();
  assert.deepEqual([narrow.intake.arrivingCount, narrow.fatal], [2, []]);
  const faulty = await threeAccepted();
  const fault = new Error('Cannot writeRest');
  faulty.rest.reject(fault);
  await faulty.intake.idle();
  assert.deepEqual(faulty.fatal, [fault]);
});
