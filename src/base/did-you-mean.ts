/** A guess at the name that was meant, for messages about an unknown one. Pure. */

/**
 * `: did you mean NAME?` with the nearest of `names`, or nothing if none is near: more than a third of the letters are wrong.
 * What all names begin with says nothing about which was meant, so it stands in `prefix` and is left out of the rest.
 */
export function didYouMean(given: string, names: readonly string[], prefix = ''): string {
  const [nearest] = names
    .map((name) => ({ name, wrong: editDistance(given, name) }))
    .filter(({ name, wrong }) => wrong <= Math.ceil(Math.min(given.length, name.length) / 3))
    .toSorted((a, b) => a.wrong - b.wrong);
  return nearest === undefined ? '' : `: did you mean ${prefix}${nearest.name}?`;
}

/** Letters to insert, delete or replace (Levenshtein), row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
