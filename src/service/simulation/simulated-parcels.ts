/** Handing over between simulated disks: small parcels of a few requests, with the logs of their jobs, or of a few values. */
import { isDeepStrictEqual } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import type { StoredRequest } from '../../domain/request.ts';
import type { StoredValue, ValueRenewal } from '../../domain/value.ts';
import type { Adopted } from '../../store/store.ts';
import type { Disk, SimulatedLog } from './simulated-store.ts';

interface Content {
  readonly shard: number;
  readonly requests: readonly StoredRequest[];
  readonly logs: readonly (readonly [number: string, log: SimulatedLog])[];
  readonly values: readonly (readonly [scope: string, value: StoredValue])[];
  readonly renewals: readonly (readonly [shard: number, scope: string, renewal: ValueRenewal])[];
}

/** Rows of each kind in a parcel. */
const ROWS = 3;

export function parcelOf(disk: Disk, shard: number): Uint8Array | undefined {
  const all = [...disk.requests.values()].toSorted((a, b) => rank(a) - rank(b) || a.seq - b.seq);
  const requests = all.slice(0, ROWS);
  const logs = requests.flatMap(({ number, state }) => {
    const log = disk.logs.get(number);
    return log && state.kind !== 'done' ? [[number, log] as const] : [];
  });
  const isFull = requests.length === ROWS;
  const { values, outbox } = disk.kept;
  const content: Content = {
    shard,
    requests,
    logs,
    values: isFull ? [] : [...values.values()].slice(0, ROWS).map(({ scope, value }) => [scope, value]),
    renewals: isFull
      ? []
      : [...outbox.values()].slice(0, ROWS).map((posted) => [posted.shard, posted.scope, posted.renewal]),
  };
  const isEmpty = content.requests.length + content.values.length + content.renewals.length === 0;
  return isEmpty ? undefined : new Uint8Array(serialize(content));
}

export function adoptParcel(disk: Disk, bytes: Uint8Array, own: number): Adopted {
  const { shard: from, requests, logs, values, renewals } = deserialize(bytes) as Content;
  for (const [number, log] of logs) {
    if ((disk.logs.get(number)?.cpuMs ?? -1) < log.cpuMs) disk.logs.set(number, log);
  }
  const taken = requests.filter(({ seq }) => !disk.requests.has(seq)).map((r) => fromShard(r, from, own));
  for (const request of taken) disk.requests.set(request.seq, request);
  for (const [scope, value] of values) disk.kept.put(scope, value);
  for (const posted of renewals) disk.kept.post(...posted);
  const byCaller = [...Map.groupBy(taken, ({ callerId }) => callerId)];
  return {
    queued: byCaller.flatMap(([callerId, all]) => {
      const count = all.filter(({ state }) => state.kind === 'queued').length;
      return count === 0 ? [] : [{ callerId, count }];
    }),
    due: byCaller.flatMap(([callerId, all]) => {
      const times = all.flatMap(({ delivery }) => delivery?.dueAtMs ?? []);
      return times.length === 0 ? [] : [{ callerId, firstDueAtMs: Math.min(...times) }];
    }),
  };
}

export function partWithParcel(disk: Disk, bytes: Uint8Array): void {
  const { requests, logs, values, renewals } = deserialize(bytes) as Content;
  for (const request of requests) {
    // One that has changed since is given again.
    if (isDeepStrictEqual(disk.requests.get(request.seq), request)) disk.requests.delete(request.seq);
  }
  for (const [number] of logs) disk.logs.delete(number);
  for (const [scope, { number, version }] of values) disk.kept.remove(scope, number, version);
  for (const [shard, scope, renewal] of renewals) disk.kept.told(shard, { scope, renewals: [renewal] });
}

/** The sequence number of a callback goes with the shard that gave it. */
function fromShard(request: StoredRequest, from: number, own: number): StoredRequest {
  if (request.delivery?.sequence === undefined) return request;
  const { shard = from, ...delivery } = request.delivery;
  return { ...request, delivery: shard === own ? delivery : { ...delivery, shard } };
}

/** Queued requests go first, then those whose callbacks are due. */
function rank({ state, delivery }: StoredRequest): number {
  if (state.kind === 'queued') return 0;
  return delivery?.dueAtMs === undefined ? 2 : 1;
}
