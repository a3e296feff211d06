/** Numbers drawn from a seed: the same for the same seed, on every thread. Pure. */

const WEYL = 0x9e3779b9;

/** The `index`-th draw, uniform in [0, 1), 32 bits of it (a Weyl sequence through the finalizer of MurmurHash3). */
export function randomAt(seed: number, index: number): number {
  const state = (seed + Math.imul(index + 1, WEYL)) >>> 0;
  let z = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
}

/** One draw after the other. */
export function seededRandom(seed: number): () => number {
  let drawn = 0;
  return () => randomAt(seed, drawn++);
}

/** A seed of its own for each thing that is drawn, so that none depends on how often another one was. */
export function seedFor(seed: number, purpose: string): number {
  let mixed = seed;
  for (const char of purpose) mixed = Math.floor(randomAt(mixed, char.charCodeAt(0)) * 2 ** 32);
  return mixed;
}
