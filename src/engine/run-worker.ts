/**
 * The loop of a worker thread: takes tasks one after the other and answers each.
 *
 * The factors are multiplied back here (`checkFactorization`), on the thread that has the time for it; a wrong product counts
 * as a broken worker and never leaves.
 */
import os from 'node:os';
import type { MessagePort } from 'node:worker_threads';
import { checkFactorization, formatFactors, type Factorization } from '../domain/factorization.ts';
import type { Job, Kernel } from '../kernel/kernel.ts';
import { WORD_END } from '../kernel/word-end.ts';
import { checkWordFactors, type WordFactors } from '../kernel/word-factors.ts';
import { CONTROL, type BatchTask, type SliceTask, type WorkerReply, type WorkerTask } from './protocol.ts';

/** By how much lower than the event loop's, so that HTTP stays quick while all cores compute; at 19 the work would get next to nothing beside a busy loop. */
const NICE = 10;
const NICE_MAX = 19;

export function runWorker(port: MessagePort, control: Int32Array, kernel: Kernel): void {
  // On Linux this is the priority of the calling thread alone; elsewhere it would be that of the whole process.
  if (process.platform === 'linux') os.setPriority(Math.min(NICE_MAX, os.getPriority() + NICE));

  let broken = false;
  port.on('message', (task: WorkerTask) => {
    // Tasks behind the one that broke were here already; they go to another thread.
    if (broken) return;
    workAt(control, 0, 1);
    try {
      const reply = task.kind === 'batch' ? runBatch(kernel, control, task) : runSlice(kernel, control, task);
      port.postMessage(reply);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const [index, count] = [Atomics.load(control, CONTROL.index), Atomics.load(control, CONTROL.count)];
      const reply: WorkerReply = { kind: 'broke', index, count, reason };
      broken = true;
      port.postMessage(reply);
      port.close();
    }
  });
  const ready: WorkerReply = { kind: 'ready' };
  port.postMessage(ready);
}

/** Says what the thread is at, and that it makes headway. */
function workAt(control: Int32Array, index: number, count: number): void {
  Atomics.store(control, CONTROL.index, index);
  Atomics.store(control, CONTROL.count, count);
  Atomics.add(control, CONTROL.heartbeat, 1);
}

function runBatch(kernel: Kernel, control: Int32Array, { numbers, singly }: BatchTask): WorkerReply {
  const results: (WordFactors | string)[] = [];
  const takenMs = new Float64Array(numbers.length);
  const beginCpuMs = threadCpuMs();
  const beginMs = performance.now();
  let beforeMs = beginMs;
  for (let index = 0; index < numbers.length;) {
    const words = singly ? [] : wordsFrom(numbers, index, kernel.wordsMax);
    const count = Math.max(1, words.length);
    workAt(control, index, count);
    const result = words.length > 0 ? checkedWords(kernel, words) : checkedSmall(kernel, numbers[index]!);
    results.push(result);
    const nowMs = performance.now();
    takenMs.set(sharesOf(nowMs - beforeMs, result), index);
    beforeMs = nowMs;
    index += count;
  }
  // Asking for the CPU time is a system call, as dear as a small number: it is asked for the batch, and shared by what each took.
  const share = (threadCpuMs() - beginCpuMs) / Math.max(beforeMs - beginMs, 0.001);
  return { kind: 'batch', results, cpuMs: takenMs.map((ms) => ms * share) };
}

/** What each number took of the time of all that have this result. */
function sharesOf(ms: number, result: WordFactors | string): number[] {
  if (typeof result === 'string') return [ms];
  const workMs = ms / result.work.reduce((sum, work) => sum + work, 0);
  return Array.from(result.work, (work) => work * workMs);
}

/** The words that follow each other from `index` on, `max` at most. */
function wordsFrom(numbers: readonly bigint[], index: number, max: number): bigint[] {
  const candidates = numbers.slice(index, index + max);
  const end = candidates.findIndex((number) => number >= WORD_END);
  return end === -1 ? candidates : candidates.slice(0, end);
}

function checkedWords(kernel: Kernel, words: readonly bigint[]): WordFactors {
  const found = kernel.factorWords(words);
  checkWordFactors(words, found);
  return found;
}

function checkedSmall(kernel: Kernel, number: bigint): string {
  return checkedFactors(number, kernel.factorSmall(number));
}

function runSlice(kernel: Kernel, control: Int32Array, task: SliceTask): WorkerReply {
  const { id, sliceMs } = task;
  const begin = threadCpuMs();
  const job = jobOf(kernel, task);
  job.learn(task.learnt ?? []);
  const outcome = job.step(() => {
    Atomics.add(control, CONTROL.heartbeat, 1);
    return Atomics.load(control, CONTROL.yield) === id || threadCpuMs() - begin >= sliceMs;
  });
  const reply = {
    kind: 'slice' as const,
    finished: outcome === 'finished',
    chunks: job.takeChunks(),
    state: job.state(),
    progress: job.progress(),
    factors: checkedFactors(task.number, job.factorization()),
  };
  const helpWanted = job.helpWanted();
  return { ...reply, ...(helpWanted !== undefined && { helpWanted }), cpuMs: threadCpuMs() - begin };
}

function jobOf(kernel: Kernel, { number, memory, state, log, help }: SliceTask): Job {
  if (state) return kernel.attach(state, memory);
  return help ? kernel.help(help.wanted, memory, help.lane) : kernel.start(number, memory, log);
}

function checkedFactors(number: bigint, result: Factorization): string {
  checkFactorization({ ...result, number });
  return formatFactors(result.factors);
}

/** CPU time of this thread alone, so that a busy machine overcharges nobody. */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
