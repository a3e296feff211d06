/** A request as the scheduler sees it, and the order of the requests of one caller. */

export interface Entry {
  /** Unique among all entries, ascending in order of acceptance. */
  readonly seq: number;
  readonly callerId: string;
  /** A work key: entries of one job are computed once, together. */
  readonly job: string;
  /** Expected CPU milliseconds of what is left of the job, ≥ 0. Of several entries, the one that made the job decides. */
  readonly estimateMs: number;
  /** Memory its job takes while it is alive; decided likewise. 0: shorter than a slice, never needs a place. */
  readonly placeBytes: number;
  /** Its client is waiting inline. */
  readonly urgent: boolean;
}

type Rank = Pick<Entry, 'seq' | 'urgent'>;

/** Whether `a` goes before `b`, both of one caller: those whose client waits first, then in order of acceptance. */
export function goesFirst(a: Rank, b: Rank): boolean {
  return a.urgent === b.urgent ? a.seq < b.seq : a.urgent;
}
