/** What it costs to be several replicas over one Redis: the store, values, a start of all at once, and a replica that is killed. */
import { killedReplica } from './cluster/killed-replica.ts';
import { redisAgainstEmbedded } from './cluster/redis-against-embedded.ts';
import { sixteenAtOnce } from './cluster/sixteen-at-once.ts';
import { valuesOfPrime } from './cluster/values-of-prime.ts';
import type { Benchmark, BenchmarkOptions, Result } from './support/benchmark.ts';

const PARTS = [redisAgainstEmbedded, valuesOfPrime, sixteenAtOnce, killedReplica];

export const cluster: Benchmark = {
  about: 'the Redis store against the embedded one; values over 4 replicas; 16 starting at once; one killed',
  run: runCluster,
};

/** The parts one after the other, each with servers of its own. */
async function runCluster(options: BenchmarkOptions): Promise<Result> {
  const results: Result[] = [];
  for (const part of PARTS) results.push(await part(options));
  return {
    tables: results.flatMap(({ tables }) => tables),
    notes: results.flatMap(({ notes }) => notes),
    failures: results.reduce((sum, { failures }) => sum + failures, 0),
  };
}
