/**
 * The parts a number has been split into so far.
 *
 * Invariants of a list of parts, kept by every function here:
 *   P1. The product of value^exponent is the number.
 *   P2. Values are distinct and greater than 1. They need not be coprime while some are unsplit.
 */
import type { Certainty, Factor } from '../domain/factorization.ts';

/** `untested`: nothing is known yet; the rest as in `Certainty`. */
export type PartKind = 'untested' | Certainty;

export interface Part {
  readonly value: bigint;
  readonly exponent: number;
  readonly kind: PartKind;
  /** Elliptic curves that found nothing in it. */
  readonly curves: number;
  /** How often a curve met all its factors at once, so that the bounds must shrink. */
  readonly shrinks: number;
  /** Whether the quadratic sieve has ended without a factor of it, so that curves alone are left. */
  readonly sieveGaveUp: boolean;
  /** Whether the proof of a probable prime has ended without a verdict, or there is none for its size. */
  readonly proofGaveUp: boolean;
}

export function untestedPart(value: bigint, exponent: number): Part {
  return { value, exponent, kind: 'untested', curves: 0, shrinks: 0, sieveGaveUp: false, proofGaveUp: false };
}

/** The same parts with pieces of 1 left out and equal ones made one. */
export function mergeParts(pieces: readonly Part[]): Part[] {
  const merged = new Map<bigint, Part>();
  for (const piece of pieces) {
    if (piece.value === 1n) continue;
    const known = merged.get(piece.value);
    const better = known && known.kind !== 'untested' ? known : piece;
    merged.set(piece.value, known ? { ...better, exponent: known.exponent + piece.exponent } : piece);
  }
  return [...merged.values()];
}

/** `part` replaced by `pieces`, whose product it is. */
export function replacePart(parts: readonly Part[], part: Part, pieces: readonly Part[]): Part[] {
  return mergeParts([...parts.filter((p) => p !== part), ...pieces]);
}

/** Splits `part` by a divisor of its value; both pieces are untested and keep what curves have done. */
export function splitPart(parts: readonly Part[], part: Part, divisor: bigint): Part[] {
  const piece = (value: bigint): Part => ({
    ...untestedPart(value, part.exponent),
    curves: part.curves,
  });
  return replacePart(parts, part, [piece(divisor), piece(part.value / divisor)]);
}

/** What is known, for the outside: a part that is not known to be prime counts as composite. */
export function factorsOf(parts: readonly Part[]): Factor[] {
  return parts.map(({ value, exponent, kind }) => ({
    prime: value,
    exponent,
    certainty: kind === 'untested' ? 'composite' : kind,
  }));
}
