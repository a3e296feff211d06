import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { PromptService } from './prompt-service.ts';
import type { RequestView, Service } from './service.ts';
import { StoreError } from '../store/store.ts';
import { UnavailableError } from './unavailable-error.ts';

/** A service whose look-ups and waits are answered with what `answer` resolves to. */
function serviceOver(answer: Promise<RequestView | undefined>): Service {
  return { lookUp: () => answer, wait: () => answer } as Partial<Service> as Service;
}

const NEVER = new AbortController().signal;
const ALWAYS = (): boolean => true;

test('an answer that comes is passed on, and so is a failure', async () => {
  const clock = new ManualClock();
  assert.equal(
    await new PromptService(serviceOver(Promise.resolve(undefined)), clock, ALWAYS).lookUp('x'),
    undefined,
  );
  const failing = new PromptService(serviceOver(Promise.reject(new Error('broken'))), clock, ALWAYS);
  await assert.rejects(failing.lookUp('x'), /broken/);
});

test('what the store refuses since it does not answer is told in the same way', async () => {
  const refusal = Promise.reject(new StoreError('busy', 'silent'));
  const service = new PromptService(serviceOver(refusal), new ManualClock(), ALWAYS);
  await assert.rejects(
    service.lookUp('x'),
    (error) => error instanceof UnavailableError && error.code === 'outcome_unknown',
  );
});

test('whoever asks a service that is silent is told within 2 s, and whoever waits soon after the wait', async () => {
  const clock = new ManualClock();
  const service = new PromptService(serviceOver(new Promise(() => undefined)), clock, ALWAYS);
  const isNoAnswer = (error: unknown): boolean =>
    error instanceof UnavailableError && error.code === 'outcome_unknown' && error.retryAfterMs > 0;
  const look = assert.rejects(service.lookUp('x'), isNoAnswer);
  let waited = false;
  const wait = assert.rejects(service.wait('x', 10_000, NEVER), isNoAnswer).then(() => (waited = true));
  await clock.advance(1_900);
  await look;
  await clock.advance(8_000);
  await new Promise(setImmediate);
  assert.equal(waited, false);
  await clock.advance(300);
  await wait;
});

test('nothing is told of a store that another replica may have: neither what comes then nor a stream that goes on', async () => {
  let isOurs = true;
  const view = { requestId: 'x', status: 'running' } as RequestView;
  const told = Promise.withResolvers<RequestView>();
  async function* views(): AsyncIterable<RequestView> {
    yield view;
    yield view;
  }
  const readiness = (): ReturnType<Service['readiness']> => ({ ready: true, reasons: [] });
  const inner = { ...serviceOver(told.promise), watch: views, readiness };
  const service = new PromptService(inner, new ManualClock(), () => isOurs);
  assert.equal(service.readiness().ready, true);
  const looked = service.lookUp('x');
  const watched = service.watch('x', NEVER)[Symbol.asyncIterator]();
  assert.equal((await watched.next()).done, false);
  isOurs = false;
  told.resolve(view);
  const isRefused = (error: unknown): boolean =>
    error instanceof UnavailableError && error.code === 'outcome_unknown' && error.retryAfterMs > 0;
  await assert.rejects(looked, isRefused);
  await assert.rejects(service.wait('x', 1_000, NEVER), isRefused);
  assert.equal((await watched.next()).done, true);
  assert.equal(service.readiness().ready, false);
  isOurs = true;
  assert.equal(await service.lookUp('x'), view);
});
