/** Entry of a worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { createKernel } from '../kernel/load-kernel.ts';
import { runWorker } from './run-worker.ts';

const { module, control } = workerData as { module: WebAssembly.Module; control: Int32Array };
assert(parentPort !== null, 'worker.ts runs in a worker thread');
runWorker(parentPort, control, createKernel(module));
