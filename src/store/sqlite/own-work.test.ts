import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { workKeys } from '../../domain/work-key.ts';
import { doneJob, FIRST_SEQ, newRequests, NOW_MS, pruneAll, seqNo, SIX } from '../contract/store-fixture.ts';
import type { Store } from '../store.ts';
import { openSqliteStore } from './sqlite-store.ts';

const NUMBER = '6'.repeat(40);
const ownKey = workKeys(false);

async function open(t: TestContext): Promise<Store> {
  const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'fairsieve-store-'));
  t.after(() => fs.rm(dataDir, { recursive: true }));
  return openSqliteStore({ dataDir, sharesWork: false });
}

test('where callers do not share, what is known by the work of one answers no other', async (t) => {
  await using store = await open(t);
  const known = { factors: SIX, cpuMs: 9, atMs: NOW_MS };
  await store.finish([{ number: ownKey(NUMBER, 'acme'), dropLog: false, known, requests: [] }]);
  const ask = async (seq: number, callerId: string) => {
    const outcome = await store.accept({ requests: newRequests(1, { seq, callerId, number: NUMBER }) });
    return outcome.kind === 'accepted' ? outcome.known : undefined;
  };
  assert.deepEqual(await ask(FIRST_SEQ, 'acme'), [SIX]);
  assert.deepEqual(await ask(seqNo(1), 'globex'), [undefined]);
  assert.deepEqual(await ask(seqNo(2), 'acm'), [undefined]);
});

test('where callers do not share, the log of a request that is resumed is kept like any that is waited for', async (t) => {
  await using store = await open(t);
  const key = ownKey(NUMBER, 'acme');
  const [request] = newRequests(1, { number: NUMBER });
  assert.ok(request);
  const { seq } = request;
  await store.accept({ requests: [request] });
  const started = [{ seq, startedAtMs: NOW_MS, budgetFromMs: 0 }];
  await store.appendLog({ number: key, chunks: [new Uint8Array(9)], cpuMs: 1, started, atMs: NOW_MS });
  const state = { kind: 'partial', finishedAtMs: NOW_MS, cpuMs: 1, factors: SIX } as const;
  await store.finish([{ number: key, dropLog: false, requests: [{ seq, state, timeline: [] }] }]);
  assert.equal(await store.requeue(seq, 1, []), true);
  await pruneAll(store, { endedBeforeMs: NOW_MS + 1, nowMs: NOW_MS + 1, bytesMax: Infinity });
  assert.equal((await store.readLog(key)).chunks.length, 1);
});

test('where callers do not share, values are kept by the caller, and answer no other', async (t) => {
  await using store = await open(t);
  const ask = async (i: number, callerId: string) => {
    const request = { seq: seqNo(i), callerId, number: '6', mode: 'values' } as const;
    const outcome = await store.accept({ requests: newRequests(1, request) });
    return outcome.kind === 'accepted' ? outcome.known : undefined;
  };
  await ask(0, 'acme');
  await store.finish([doneJob(FIRST_SEQ)]);
  const value = { number: '6', factors: SIX, version: FIRST_SEQ };
  assert.deepEqual(await store.values('acme', ['6'], NOW_MS), [value]);
  assert.deepEqual(await store.values('globex', ['6'], NOW_MS), [undefined]);
  assert.deepEqual(await store.values('', ['6'], NOW_MS), [undefined]);
  assert.deepEqual(await ask(1, 'acme'), [SIX]);
  assert.deepEqual(await ask(2, 'globex'), [undefined]);
});
