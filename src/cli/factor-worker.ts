/** Entry of a thread that factors numbers for the command line. What it says and hears is in threaded-factorer.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { HelpLoop } from '../kernel/help-loop.ts';
import { createKernel } from '../kernel/load-kernel.ts';
import { LocalFactorer } from './local-factorer.ts';
import type { ToMain, ToWorker, WorkerData } from './threaded-factorer.ts';

/** Progress that nobody could read faster is not sent. */
const PROGRESS_EVERY_MS = 200;

assert(parentPort !== null, 'factor-worker.ts runs in a worker thread');
const port = parentPort;
const { module, timeoutMs }: WorkerData = workerData;
const kernel = createKernel(module);
const factorer = new LocalFactorer(
  kernel,
  { timeoutMs },
  { onWanted: (wanted) => post({ kind: 'wanted', wanted }) },
);
const helping = new HelpLoop({ module, onChunks: (value, chunks) => post({ kind: 'found', value, chunks }) });

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'batch':
      return void factorBatch(message.numbers);
    case 'interrupt':
      return factorer.interrupt();
    case 'learn':
      return factorer.learn(message.chunks);
    case 'help':
      return helping.help(message.wanted, message.lane);
    case 'rest':
      return helping.rest();
  }
});

post({ kind: 'ready' });

async function factorBatch(numbers: readonly bigint[]): Promise<void> {
  let saidMs = performance.now();
  for (const number of numbers) {
    const factored = await factorer.factor(number, (progress) => {
      if (performance.now() - saidMs < PROGRESS_EVERY_MS) return;
      saidMs = performance.now();
      post({ kind: 'progress', progress });
    });
    post({ kind: 'answer', factored });
  }
}

function post(message: ToMain): void {
  port.postMessage(message, []);
}
