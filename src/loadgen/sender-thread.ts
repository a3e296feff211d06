/** Entry of a thread that sends. What it says and hears is in sender-protocol.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { systemClock } from '../base/clock.ts';
import { createKernel } from '../kernel/load-kernel.ts';
import type { CallbackBatch } from './receiver-protocol.ts';
import { Sender } from './sender.ts';
import type { FromSender, SenderData, ToSender } from './sender-protocol.ts';

const TICK_MS = 250;

assert(parentPort !== null, 'sender-thread.ts runs in a worker thread');
const port = parentPort;
const { module, callbacks, ...options }: SenderData = workerData;
const sender = new Sender({ ...options, kernel: createKernel(module) });

callbacks?.on('message', (batch: CallbackBatch) => {
  for (const callback of batch) sender.takeCallback(callback);
});
port.on('message', (message: ToSender) => {
  if (message.kind === 'stop') sender.stop();
  else void run(message.startMs);
});
tell({ kind: 'ready' });

async function run(startMs: number): Promise<void> {
  // What starting took is not the load's.
  const before = process.threadCpuUsage();
  const beforeMs = systemClock.monotonicMs();
  // The wait for the last results is nearly idle, and would make the share look smaller than it was.
  let coresOfArrivals: number | undefined;
  const coresSoFar = (): number => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000 / (systemClock.monotonicMs() - beforeMs);
  };
  const ending = setTimeout(
    () => (coresOfArrivals = coresSoFar()),
    startMs + options.options.durationMs - beforeMs,
  );
  const ticking = setInterval(() => tell({ kind: 'tick', ...newsAt(systemClock.monotonicMs()) }), TICK_MS);
  await sender.run(startMs);
  clearTimeout(ending);
  clearInterval(ticking);
  const cores = coresOfArrivals ?? coresSoFar();
  const { tally, match, connectionWaits } = sender;
  const report = { tally: tally.report(), match, connectionWaits, cores };
  tell({ kind: 'finished', report, ...newsAt(Infinity) });
}

function newsAt(nowMs: number) {
  return { counts: sender.tally.counts(), seconds: sender.tally.takeSeconds(nowMs) };
}

function tell(message: FromSender): void {
  port.postMessage(message, []);
}
