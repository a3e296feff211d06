/**
 * Which databases a replica that has none may claim now. Pure.
 *
 * Its own of last time is best, then those that hold data and have no owner, then new ones. As long as the lease of a
 * database with data may yet run out, nobody takes a new one: whether its owner is there cannot be told from outside (a machine that lost its
 * power leaves its connection behind for minutes), and if it is not, the database needs an owner more than the cluster needs one more.
 */

/** A database as it looks from outside. */
export interface DatabaseView {
  readonly database: number;
  readonly lease: LeaseView;
  /** How many keys it holds, whoever's they are. */
  readonly keys: number;
}

/** `foreign`: something else has the lease's name; `newer`: a newer program wrote it. Either way the database is not for us. */
export type LeaseView =
  | { readonly kind: 'none' | 'foreign' | 'newer' }
  /** Held for `leftMs`; 0: by nobody. */
  | { readonly kind: 'lease'; readonly name: string; readonly leftMs: number };

/** The best ones, which are equally good. `name`: the replica's. `hasWaited`: for a whole lease. */
export function candidates(views: readonly DatabaseView[], name: string, hasWaited: boolean): number[] {
  const held = views.filter(({ lease }) => isHeld(lease));
  if (!hasWaited && held.some(({ lease }) => isOf(lease, name))) return [];
  const best = Math.min(...views.map((view) => rank(view, name)));
  const worst = hasWaited || !held.some(holdsData) ? RANK.amongOthers : RANK.orphan;
  if (best > worst) return [];
  return views.filter((view) => rank(view, name) === best).map(({ database }) => database);
}

const RANK = { own: 0, orphan: 1, empty: 2, amongOthers: 3, taken: 4 } as const;

function rank(view: DatabaseView, name: string): number {
  const { lease, keys } = view;
  if (lease.kind === 'foreign' || lease.kind === 'newer' || isHeld(lease)) return RANK.taken;
  if (isOf(lease, name)) return RANK.own;
  if (lease.kind === 'lease') return holdsData(view) ? RANK.orphan : RANK.empty;
  return keys > 0 ? RANK.amongOthers : RANK.empty;
}

/** One that holds a lease and nothing else is as good as new. */
function holdsData({ lease, keys }: DatabaseView): boolean {
  return lease.kind === 'lease' && keys > 1;
}

function isHeld(lease: LeaseView): boolean {
  return lease.kind === 'lease' && lease.leftMs > 0;
}

function isOf(lease: LeaseView, name: string): boolean {
  return lease.kind === 'lease' && lease.name === name;
}
