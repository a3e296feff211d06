/** The `Retry-After` of a request that has not ended: the pace at which clients poll. Pure. */
import type { RequestView } from '../service/service.ts';

/** When to ask for a request again, in whole seconds from 1 to 30: about when it is expected to end. */
export function pollSeconds({ expectedMs = 0 }: RequestView): number {
  return Math.min(30, Math.max(1, Math.ceil(expectedMs / 1000)));
}
