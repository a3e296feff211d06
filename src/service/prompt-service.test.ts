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

test('an answer that comes is passed on, and so is a failure', async () => {
  const clock = new ManualClock();
  assert.equal(
    await new PromptService(serviceOver(Promise.resolve(undefined)), clock).lookUp('x'),
    undefined,
  );
  const failing = new PromptService(serviceOver(Promise.reject(new Error('broken'))), clock);
  await assert.rejects(failing.lookUp('x'), /broken/);
});

test('what the store refuses since it does not answer is told in the same way', async () => {
  const refusal = Promise.reject(new StoreError('busy', 'silent'));
  const service = new PromptService(serviceOver(refusal), new ManualClock());
  await assert.rejects(
    service.lookUp('x'),
    (error) => error instanceof UnavailableError && error.code === 'outcome_unknown',
  );
});

test('whoever asks a service that is silent is told within 2 s, and whoever waits soon after the wait', async () => {
  const clock = new ManualClock();
  const service = new PromptService(serviceOver(new Promise(() => undefined)), clock);
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
