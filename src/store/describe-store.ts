/**
 * The contract of `Store` as tests that every adapter passes; imported by tests only. Each test gets a store of its own, in a
 * home where it can be closed and opened again.
 */
import { describeCallbacks } from './contract/describe-callbacks.ts';
import { describeAcceptance } from './contract/describe-acceptance.ts';
import { describeEnds } from './contract/describe-ends.ts';
import { describeIdempotency } from './contract/describe-idempotency.ts';
import { describeJobLogs } from './contract/describe-job-logs.ts';
import { describeOpening } from './contract/describe-opening.ts';
import { describeOutbox } from './contract/describe-outbox.ts';
import { describeParcels } from './contract/describe-parcels.ts';
import { describeReads } from './contract/describe-reads.ts';
import { describeRetention } from './contract/describe-retention.ts';
import { describeValues } from './contract/describe-values.ts';
import type { MakeHome } from './contract/store-fixture.ts';

/** Declares the tests. `name` is the adapter's. */
export function describeStore(name: string, makeHome: MakeHome): void {
  describeAcceptance(name, makeHome);
  describeIdempotency(name, makeHome);
  describeReads(name, makeHome);
  describeEnds(name, makeHome);
  describeJobLogs(name, makeHome);
  describeCallbacks(name, makeHome);
  describeValues(name, makeHome);
  describeOutbox(name, makeHome);
  describeParcels(name, makeHome);
  describeRetention(name, makeHome);
  describeOpening(name, makeHome);
}
