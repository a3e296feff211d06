/** What it costs to be several replicas over one Redis: the store, values, a start of all at once, and a replica that is killed. */
import { killedReplica } from './cluster/killed-replica.ts';
import { redisAgainstEmbedded } from './cluster/redis-against-embedded.ts';
import { sixteenAtOnce } from './cluster/sixteen-at-once.ts';
import { valuesOfPrime } from './cluster/values-of-prime.ts';
import type { Benchmark } from './support/benchmark.ts';
import { runParts } from './support/run-parts.ts';

const PARTS = [redisAgainstEmbedded, valuesOfPrime, sixteenAtOnce, killedReplica];

export const cluster: Benchmark = {
  about: 'the Redis store against the embedded one; values over 4 replicas; 16 starting at once; one killed',
  run: (options) => runParts(PARTS, options),
};
