/**
 * Which databases a replica that has none may claim now. Pure.
 *
 * Its own of last time is best, then those that hold data and have no owner, then new ones. As long as somebody who is not
 * there has a lease that may yet run out, nobody takes a new one: of a cluster that crashed as a whole, each database finds an owner.
 */

/** A database as it looks from outside. */
export interface DatabaseView {
  readonly database: number;
  readonly lease: LeaseView;
  /** How many keys it holds, whoever's they are. */
  readonly keys: number;
  /** Whether a replica is connected to it. */
  readonly isConnected: boolean;
}

/** `foreign`: something else has the lease's name; `newer`: a newer program wrote it. Either way the database is not for us. */
export type LeaseView =
  | { readonly kind: 'none' | 'foreign' | 'newer' }
  /** Held for `leftMs`; 0: by nobody. */
  | { readonly kind: 'lease'; readonly name: string; readonly leftMs: number };

/** The best ones, which are equally good. `name`: the replica's. `hasWaited`: for a whole lease. */
export function candidates(views: readonly DatabaseView[], name: string, hasWaited: boolean): number[] {
  const absentees = views.filter(({ lease, isConnected }) => isHeld(lease) && !isConnected);
  if (!hasWaited && absentees.some(({ lease }) => isOf(lease, name))) return [];
  const best = Math.min(...views.map((view) => rank(view, name)));
  const worst = hasWaited || absentees.length === 0 ? RANK.amongOthers : RANK.orphan;
  if (best > worst) return [];
  return views.filter((view) => rank(view, name) === best).map(({ database }) => database);
}

const RANK = { own: 0, orphan: 1, empty: 2, amongOthers: 3, taken: 4 } as const;

/** One that holds a lease and nothing else is as good as new. */
function rank({ lease, keys }: DatabaseView, name: string): number {
  if (lease.kind === 'foreign' || lease.kind === 'newer' || isHeld(lease)) return RANK.taken;
  if (isOf(lease, name)) return RANK.own;
  if (lease.kind === 'lease') return keys > 1 ? RANK.orphan : RANK.empty;
  return keys > 0 ? RANK.amongOthers : RANK.empty;
}

function isHeld(lease: LeaseView): boolean {
  return lease.kind === 'lease' && lease.leftMs > 0;
}

function isOf(lease: LeaseView, name: string): boolean {
  return lease.kind === 'lease' && lease.name === name;
}
