/** One page of a list, put together of the pages of several replicas, or of what has its requests in several places. Pure. */
import { parseRequestId } from '../domain/request-id.ts';
import { hasEnded } from '../domain/request.ts';
import type { RequestList, RequestView } from './service.ts';

/**
 * The newest `limit` of what the pages hold, newest first, each request once. The pages answer one query, and so does the result: its
 * `next` is understood by every replica, since sequence numbers are unique in a cluster.
 */
export function mergedList(pages: readonly RequestList[], limit: number): RequestList {
  // Below the end of a page that is not the last one, its replica may have more that goes first.
  const endSeq = Math.max(-1, ...pages.map(({ next }) => (next === undefined ? -1 : Number(next))));
  const rows = pages
    .flatMap(({ requests }) => requests.map((view) => ({ view, seq: seqOf(view) })))
    .filter(({ seq }) => seq >= endSeq)
    // A request that is being handed over may be in two places: what has ended there is what holds.
    .toSorted((a, b) => b.seq - a.seq || Number(hasEnded(b.view.status)) - Number(hasEnded(a.view.status)))
    .filter(({ seq }, i, all) => all[i - 1]?.seq !== seq);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const requests = page.map(({ view }) => view);
  if (rows.length > limit && last) return { requests, next: String(last.seq) };
  return endSeq === -1 ? { requests } : { requests, next: String(endSeq) };
}

function seqOf({ requestId }: RequestView): number {
  return parseRequestId(requestId)?.seq ?? -1;
}
