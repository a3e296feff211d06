/**
 * One place for a worker thread: keeps a live thread in it, gives it tasks in order, and replaces it when it breaks.
 *
 * Invariants:
 *   W1. Every task given gets exactly one answer: the worker's reply, or `broke`.
 *   W2. When a thread ends before its time, the task that it was at is answered `broke`, and the ones behind it `unstarted`.
 */
import { Worker } from 'node:worker_threads';
import {
  CONTROL,
  CONTROL_CELLS,
  type BatchTask,
  type SliceTask,
  type Suspects,
  type WorkerReply,
} from './protocol.ts';

export type TaskBody = Omit<BatchTask, 'id'> | Omit<SliceTask, 'id'>;

/** `unstarted`: its thread broke over an earlier task; nothing happened to this one. */
export type TaskAnswer = Exclude<WorkerReply, { kind: 'ready' }> | { readonly kind: 'unstarted' };

export interface SlotOptions {
  readonly workerUrl: URL;
  readonly module: WebAssembly.Module;
  /** A thread that makes no headway for this long is taken for hung. */
  readonly hangMs: number;
  /** Most MiB of a thread's JavaScript heap. */
  readonly heapMiB: number;
  /** Told of each thread that had to be replaced. */
  readonly onBroken: (reason: string) => void;
  /** Told of a thread that ended before it could take a task: another one would end like it. */
  readonly onUnstartable: (reason: string) => void;
}

interface Pending {
  readonly id: number;
  readonly body: TaskBody;
  readonly answer: (answer: TaskAnswer) => void;
}

export class WorkerSlot {
  readonly #options: SlotOptions;
  /** Sent to the thread and not answered yet; the first is the one it works at. */
  readonly #pending: Pending[] = [];
  /** Resolves when the first thread takes tasks. They may be given before. */
  readonly ready: Promise<void>;
  readonly #becomeReady: () => void;
  #thread: Worker;
  #control: Int32Array;
  #lastTaskId = 0;
  #watch: NodeJS.Timeout | undefined;
  #lastHeartbeat = 0;
  #closed = false;

  constructor(options: SlotOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#becomeReady = resolve;
    [this.#thread, this.#control] = this.#spawn();
  }

  /** The kinds of the tasks under way, in order; at most a handful. */
  get load(): readonly TaskBody['kind'][] {
    return this.#pending.map((task) => task.body.kind);
  }

  run(body: TaskBody): Promise<TaskAnswer> {
    const { promise, resolve } = Promise.withResolvers<TaskAnswer>();
    const id = (this.#lastTaskId = (this.#lastTaskId + 1) | 0);
    this.#pending.push({ id, body, answer: resolve });
    this.#thread.postMessage({ ...body, id });
    this.#watch ??= this.#startWatch();
    return promise;
  }

  /** Asks the slice under way, if there is one, to end within milliseconds. */
  interrupt(which: 'all' | 'helpers'): void {
    const first = this.#pending[0];
    if (first?.body.kind !== 'slice' || (which === 'helpers' && !first.body.help)) return;
    Atomics.store(this.#control, CONTROL.yield, first.id);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    await this.#thread.terminate();
  }

  #spawn(): [Worker, Int32Array] {
    const control = new Int32Array(new SharedArrayBuffer(CONTROL_CELLS * Int32Array.BYTES_PER_ELEMENT));
    const thread = new Worker(this.#options.workerUrl, {
      workerData: { module: this.#options.module, control },
      resourceLimits: { maxOldGenerationSizeMb: this.#options.heapMiB },
    });
    let reason = 'the thread ended';
    thread.on('message', (reply: WorkerReply) => {
      if (thread === this.#thread) this.#take(reply);
    });
    thread.on('error', (error) => {
      reason = String(error instanceof Error ? error.message : error);
    });
    let started = false;
    thread.once('message', () => (started = true));
    thread.on('exit', () => {
      if (thread !== this.#thread) return;
      if (started || this.#closed) this.#replace(reason);
      else this.#options.onUnstartable(reason);
    });
    return [thread, control];
  }

  #take(reply: WorkerReply): void {
    if (reply.kind === 'ready') {
      this.#becomeReady();
      return;
    }
    if (reply.kind === 'broke') {
      this.#replace(reply.reason, reply);
      return;
    }
    this.#pending.shift()?.answer(reply);
    if (this.#pending.length === 0) this.#stopWatch();
  }

  /** `suspects`: the numbers at fault, as the thread said; where it could not say, as they were noted last. */
  #replace(reason: string, suspects = this.#suspects()): void {
    const [guilty, ...others] = this.#pending.splice(0);
    this.#stopWatch();
    const old = this.#thread;
    if (!this.#closed) {
      [this.#thread, this.#control] = this.#spawn();
      void old.terminate();
      this.#options.onBroken(reason);
    }
    guilty?.answer({ kind: 'broke', index: suspects.index, count: suspects.count, reason });
    for (const task of others) task.answer({ kind: 'unstarted' });
  }

  #suspects(): Suspects {
    return {
      index: Atomics.load(this.#control, CONTROL.index),
      count: Atomics.load(this.#control, CONTROL.count),
    };
  }

  #startWatch(): NodeJS.Timeout {
    this.#lastHeartbeat = Atomics.load(this.#control, CONTROL.heartbeat);
    const timer = setInterval(() => {
      const heartbeat = Atomics.load(this.#control, CONTROL.heartbeat);
      if (heartbeat === this.#lastHeartbeat) this.#replace(`no headway for ${this.#options.hangMs} ms`);
      this.#lastHeartbeat = heartbeat;
    }, this.#options.hangMs);
    return timer.unref();
  }

  #stopWatch(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }
}
