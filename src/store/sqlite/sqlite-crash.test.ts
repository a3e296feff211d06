import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BATCH_NUMBERS_MAX } from '../../domain/limits.ts';
import { FIRST_SEQ, keyed, newRequests, seqNo } from '../contract/store-fixture.ts';
import { StoreError } from '../store.ts';
import { openSqliteStore } from './sqlite-store.ts';

const KILLED_PROCESS = fileURLToPath(new URL('./killed-process.ts', import.meta.url));

const folders: string[] = [];
const victims: Victim[] = [];
after(async () => {
  for (const victim of victims) victim.process.kill('SIGKILL');
  await Promise.all(victims.map((victim) => victim.gone));
  await Promise.all(folders.map((folder) => fs.rm(folder, { recursive: true })));
});

async function newFolder(): Promise<string> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'fairsieve-crash-'));
  folders.push(folder);
  return folder;
}

interface Victim {
  readonly process: ChildProcess;
  /** Whole lines so far. */
  readonly lines: string[];
  /** Resolves once there are this many lines. */
  said(count: number): Promise<void>;
  /** Resolves once it is gone and all that it said is in `lines`. */
  readonly gone: Promise<unknown>;
}

function start(
  dataDir: string,
  task: 'work' | 'batch',
  firstSeq: number,
  nodeOptions: readonly string[] = [],
): Victim {
  const child = spawn(process.execPath, [...nodeOptions, KILLED_PROCESS, dataDir, task, String(firstSeq)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => (complaint += text.toString()));
  const reader = readline.createInterface(child.stdout);
  reader.on('line', (line) => lines.push(line));
  const gone = Promise.all([once(child, 'close'), once(reader, 'close')]);
  const victim: Victim = {
    process: child,
    lines,
    gone,
    async said(count) {
      const ended = gone.then(() => assert.ok(lines.length >= count, `It ended early: ${complaint}`));
      while (lines.length < count) await Promise.race([once(reader, 'line'), ended]);
    },
  };
  victims.push(victim);
  return victim;
}

async function openAndClose(dataDir: string): Promise<void> {
  await (await openSqliteStore({ dataDir }))[Symbol.asyncDispose]();
}

test('a process that is killed at any moment has lost nothing of what it said was durable', async () => {
  const dataDir = await newFolder();
  const said = new Map<number, string>();
  for (let round = 0; round < 4; round++) {
    const victim = start(dataDir, 'work', seqNo(round * 1e6));
    await victim.said(100 + round * 700);
    victim.process.kill('SIGKILL');
    await victim.gone;
    for (const line of victim.lines) {
      const [what = '', seq] = line.split(' ');
      if (seq !== undefined) said.set(Number(seq), what);
    }
    await using store = await openSqliteStore({ dataDir });
    const seqs = [...said.keys()];
    assert.ok(seqs.length >= 50);
    const found = await store.get(seqs);
    for (const [i, seq] of seqs.entries()) {
      const kind = found[i]?.state.kind;
      // An end may have become durable just before it could be said.
      const right = said.get(seq) === 'done' ? kind === 'done' : kind === 'queued' || kind === 'done';
      assert.ok(right, `${said.get(seq)} ${seq} is ${kind} after kill ${round}`);
    }
  }
});

test('a batch that a crash cut off is there as a whole after the restart, and repeated under its first ids', async () => {
  const dataDir = await newFolder();
  const victim = start(dataDir, 'batch', FIRST_SEQ);
  await victim.gone;
  await using store = await openSqliteStore({ dataDir });
  const { queued, lastSeq } = await store.stats();
  assert.equal(queued, BATCH_NUMBERS_MAX);
  assert.equal(lastSeq, seqNo(BATCH_NUMBERS_MAX - 1));
  assert.deepEqual(await store.backlog(), [
    { callerId: 'acme', count: BATCH_NUMBERS_MAX, ordinalMax: BATCH_NUMBERS_MAX - 1 },
  ]);
  const retry = newRequests(BATCH_NUMBERS_MAX, { seq: seqNo(1e6), token: 'FEDCBA9876543210' });
  const outcome = await store.accept(keyed(retry));
  assert.equal(outcome.kind, 'replayed');
  if (outcome.kind !== 'replayed') return;
  const seqs = newRequests(BATCH_NUMBERS_MAX).map((r) => r.seq);
  assert.deepEqual(outcome.requests, await store.get(seqs));
  assert.deepEqual(
    outcome.requests.map((r) => [r.seq, r.number, r.token]),
    newRequests(BATCH_NUMBERS_MAX).map((r) => [r.seq, r.number, r.token]),
  );
  assert.equal((await store.stats()).queued, BATCH_NUMBERS_MAX);
});

test('a thread that ends without a word while the store is opened is an error, not a wait without end', async () => {
  const endThreads = `import { isMainThread } from 'node:worker_threads'; if (!isMainThread) process.exit(7)`;
  const victim = start(await newFolder(), 'work', FIRST_SEQ, [
    '--import',
    `data:text/javascript,${encodeURIComponent(endThreads)}`,
  ]);
  await assert.rejects(victim.said(1), /StoreError: The store did not start: its thread ended with code 7/);
});

test('a folder in use by another process is refused with its name, and free again when that is killed', async () => {
  const dataDir = await newFolder();
  const victim = start(dataDir, 'work', FIRST_SEQ);
  await victim.said(1);
  await assert.rejects(openAndClose(dataDir), (error) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.code, 'owned');
    assert.ok(error.message.includes(dataDir), error.message);
    return true;
  });
  victim.process.kill('SIGKILL');
  await victim.gone;
  await using store = await openSqliteStore({ dataDir });
  assert.ok((await store.stats()).bytes > 0);
});

test('a second opening in the same process does not let another process in', async () => {
  const dataDir = await newFolder();
  await using store = await openSqliteStore({ dataDir });
  await assert.rejects(openAndClose(dataDir), StoreError);
  const intruder = start(dataDir, 'work', FIRST_SEQ);
  await intruder.said(1).catch(() => undefined);
  assert.deepEqual(intruder.lines, []);
  assert.equal((await store.stats()).queued, 0);
});
