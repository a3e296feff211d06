/**
 * A value: a number that is kept with its prime factors, until a deadline or for good.
 *
 * The latest accepted POST of a number decides how long it is kept, on every replica that has it. What travels is therefore an
 * absolute deadline with a version that ascends with the time of acceptance and is unique: messages that come late or twice change
 * nothing.
 */
import type { Factor } from './factorization.ts';

/** How long a number is kept, and by which POST. */
export interface ValueTerms {
  /** Milliseconds since 1970; absent: for good. From then on it is not there any more. */
  readonly expiresAtMs?: number;
  /** A sequence number given out by the replica that accepted the POST: of two terms, those with the greater one hold. */
  readonly version: number;
}

export interface ValueRenewal extends ValueTerms {
  /** In decimal, without leading zeros. */
  readonly number: string;
}

export interface StoredValue extends ValueRenewal {
  /** Complete. */
  readonly factors: readonly Factor[];
}

export function hasExpired({ expiresAtMs }: Pick<ValueTerms, 'expiresAtMs'>, nowMs: number): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= nowMs;
}

/** Orders decimal numbers without leading zeros by size. */
export function compareNumbers(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * The scope that a caller's values are kept in; those of one scope know nothing of another's. One for all where callers share, each
 * caller's own where they do not: what is there and what not would tell what others asked for.
 */
export type ScopeOf = (callerId: string) => string;

export function valueScopes(isShared: boolean): ScopeOf {
  return isShared ? () => '' : (callerId) => callerId;
}
