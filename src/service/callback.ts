/** The end of a request as its caller is told. Pure. */
import { shardOf } from '../domain/request-id.ts';
import type { CalledRequest } from './callback-attempt.ts';
import { viewOfStored } from './request-view.ts';
import type { RequestView } from './service.ts';

/** What is to be told. */
export interface Callback {
  readonly url: string;
  /** The same at every attempt. */
  readonly id: string;
  readonly request: RequestView;
}

/** The same at each attempt. `shard`: where it is told. */
export function callbackOf(stored: CalledRequest, shard: number): Callback {
  const { delivery, callbackUrl } = stored;
  const { sequence } = delivery;
  const numberedBy = delivery.shard ?? shard;
  const request = viewOfStored({ ...stored, delivery: { status: 'pending', sequence, attempts: 0 } });
  // A request that was resumed ends again, and that is another callback; perhaps of another shard, which may have given the same number.
  const giver = numberedBy === shardOf(stored.seq) ? '' : `_${numberedBy}`;
  return { url: callbackUrl, id: `${request.requestId}_${sequence}${giver}`, request };
}
