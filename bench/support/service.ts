/** What benchmarks ask of a running server besides the load itself: batches, gauges, results. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestBody } from '../../src/contract/request-body.ts';
import type { AcceptedBatch } from '../../src/contract/submission.ts';

const POLL_MS = 20;
const BATCHES_AT_ONCE = 4;

/** Submits the decimal `numbers` (at most 10,000) as one batch; resolves to their ids, in order. */
export async function submitBatch(
  url: string,
  callerId: string,
  numbers: readonly string[],
): Promise<string[]> {
  const post = (): Promise<Response> =>
    fetch(`${url}/requests`, {
      method: 'POST',
      headers: { 'x-caller-id': callerId, 'content-type': 'application/json' },
      body: `{"numbers":[${numbers.join(',')}]}`,
    });
  let response = await post();
  // Too many at once: the service says when to come again.
  for (; response.status === 503; response = await post()) {
    await response.body?.cancel();
    await sleep(Number(response.headers.get('retry-after')) * 1_000);
  }
  if (response.status !== 202)
    throw new Error(`A batch was answered with ${response.status}: ${await response.text()}`);
  const { requests } = (await response.json()) as AcceptedBatch;
  return requests.map(({ request_id }) => request_id);
}

export interface CallerBatch {
  readonly callerId: string;
  readonly numbers: readonly string[];
}

/** Submits many batches, a few at a time. */
export async function submitBatches(url: string, batches: Iterable<CallerBatch>): Promise<void> {
  const iterator = Iterator.from(batches);
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) {
      await submitBatch(url, next.value.callerId, next.value.numbers);
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, lane));
}

/** The request as it is after at most `waitSeconds`, which the server may cut. */
export async function fetchRequest(
  url: string,
  requestId: string,
  waitSeconds?: number,
): Promise<RequestBody> {
  const headers: Record<string, string> = waitSeconds === undefined ? {} : { prefer: `wait=${waitSeconds}` };
  const response = await fetch(`${url}/requests/${requestId}`, { headers });
  assert.equal(response.status, 200, `Request ${requestId} was answered with ${response.status}`);
  return (await response.json()) as RequestBody;
}

/** How many of these requests are not done, or have factors that do not multiply to the number. */
export async function countWrong(url: string, requestIds: readonly string[]): Promise<number> {
  let wrong = 0;
  for (const requestId of requestIds) {
    const { status, number, prime_factors: primes } = await fetchRequest(url, requestId);
    const product = primes.reduce((value, prime) => value * BigInt(prime), 1n);
    if (status !== 'done' || product !== BigInt(number)) wrong++;
  }
  return wrong;
}

export type GaugeName = 'requests_waiting' | 'workers' | 'workers_busy';

/** The gauges `fairsieve_…` as they are now. */
export async function readGauges(url: string): Promise<Record<GaugeName, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const read = (name: GaugeName): number => {
    const value = new RegExp(`^fairsieve_${name} (\\S+)$`, 'm').exec(text)?.[1];
    assert(value !== undefined, `There is no metric fairsieve_${name}`);
    return Number(value);
  };
  return {
    requests_waiting: read('requests_waiting'),
    workers: read('workers'),
    workers_busy: read('workers_busy'),
  };
}

/** Resolves when everything accepted has ended; to how long that took, in seconds. */
export async function drained(url: string): Promise<number> {
  const startMs = performance.now();
  while ((await readGauges(url)).requests_waiting > 0) await sleep(POLL_MS);
  return (performance.now() - startMs) / 1000;
}

export async function allWorkersBusy(url: string): Promise<void> {
  for (;;) {
    const { workers, workers_busy: busy } = await readGauges(url);
    if (busy === workers) return;
    await sleep(POLL_MS);
  }
}
