/**
 * What a user would write instead: Fastify, BullMQ and Redis, workers with `quadraticsievefactorization`, over the same HTTP
 * contract (peers/bullmq-api.ts, peers/bullmq-workers.ts); first come first served, and as fair as the open-source edition can be made.
 */
import { killed } from './side-by-side/killed.ts';
import { smallCaller } from './side-by-side/small-caller.ts';
import { throughput } from './side-by-side/throughput.ts';
import type { Benchmark, BenchmarkOptions, Result } from './support/benchmark.ts';
import { startBullmqPeer } from './support/bullmq-peer.ts';
import { startFairsieve } from './support/contestant.ts';
import { runParts } from './support/run-parts.ts';

export const peers: Benchmark = {
  about:
    'Fastify, BullMQ and Redis against ours: accepted/s, results/s, a small caller behind a hog, kill -9',
  run: (options) => runParts([sideBySide, smallCaller], options),
};

/** What leaves nothing behind that would disturb the next: all contestants run, one at a time has load. */
async function sideBySide(options: BenchmarkOptions): Promise<Result> {
  await using ours = await startFairsieve();
  await using arrival = await startBullmqPeer('arrival');
  await using turns = await startBullmqPeer('turns');
  const contestants = [ours, arrival, turns];
  // Awaited here, since what is `using` ends with this function.
  return await runParts(
    [(given) => throughput(contestants, given), (given) => killed(contestants, given)],
    options,
  );
}
