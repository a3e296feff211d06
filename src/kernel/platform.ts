/**
 * Where the kernel runs: Node.js, whose threads share memory, or a browser, where memory is shared only on pages that are isolated from
 * other origins; so there it is not.
 */
import { moduleUrl } from '../base/module-url.ts';

/** A thread of our own, reached by messages. */
export interface Thread {
  post(message: unknown): void;
  terminate(): Promise<void>;
}

export interface Platform {
  /** Which build of the kernel runs here, and whether the memories of jobs are shared. */
  readonly sharedMemory: boolean;
  loadModule(): Promise<WebAssembly.Module>;
  /** CPU milliseconds of this thread since some moment; where they are not told, those that have passed. */
  threadCpuMs(this: void): number;
  /** Resolves when the events that have come meanwhile have been seen to; sooner than a timer would, which takes a millisecond. */
  nextTurn(): Promise<void>;
  /** Starts `team-thread`, which does not keep the process from its end. `onEnd`: it has thrown, and is no more. */
  startTeamThread(onMessage: (message: unknown) => void, onEnd: () => void): Promise<Thread>;
  /** Lets the process end although this timer is running. */
  letProcessEnd(this: void, timer: ReturnType<typeof setTimeout>): void;
}

const NODE: Platform = {
  sharedMemory: true,
  loadModule: async () => {
    const { readFile } = await import('node:fs/promises');
    return WebAssembly.compile(await readFile(new URL('../../build/kernel.wasm', import.meta.url)));
  },
  threadCpuMs: () => {
    // Older ones do not tell it.
    if (!('threadCpuUsage' in process)) return performance.now();
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  },
  nextTurn: () => new Promise((resolve) => void setImmediate(resolve)),
  startTeamThread: async (onMessage, onEnd) => {
    const { Worker } = await import('node:worker_threads');
    // It prints nothing; otherwise each one would listen at the output of a process that is not ours.
    const worker = new Worker(moduleUrl('./team-thread', import.meta.url), { stdout: true, stderr: true });
    worker.on('message', onMessage);
    worker.on('error', onEnd);
    worker.unref();
    return {
      post: (message) => worker.postMessage(message, []),
      terminate: async () => void (await worker.terminate()),
    };
  },
  letProcessEnd: (timer) => timer.unref(),
};

const BROWSER: Platform = {
  sharedMemory: false,
  loadModule: () =>
    WebAssembly.compileStreaming(fetch(new URL('../../build/kernel-unshared.wasm', import.meta.url))),
  threadCpuMs: () => performance.now(),
  nextTurn: () =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.addEventListener('message', () => {
        port1.close();
        resolve();
      });
      port1.start();
      port2.postMessage(undefined);
    }),
  startTeamThread: async (onMessage, onEnd) => {
    // Written out, so that bundlers find it.
    const worker = new Worker(new URL('./team-thread.js', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }) => onMessage(data));
    worker.addEventListener('error', () => {
      worker.terminate();
      onEnd();
    });
    return { post: (message) => worker.postMessage(message), terminate: async () => worker.terminate() };
  },
  // A page ends when it is left.
  letProcessEnd: () => undefined,
};

export const PLATFORM = 'process' in globalThis && process.versions?.node !== undefined ? NODE : BROWSER;
