/** Values and renewals as rows: the way from and to the types of the domain. Pure. */
import { parseFactors } from '../../domain/factorization.ts';
import type { StoredValue, ValueRenewal } from '../../domain/value.ts';
import { rowsOf } from './flat-rows.ts';
import { RENEWAL_FIELDS, type RenewalRow, type ValueRow } from './operation.ts';

export function valueOfRow([number, factors, expiresAtMs, version]: ValueRow): StoredValue {
  return { ...renewalOfRow([number, expiresAtMs, version]), factors: parseFactors(factors) };
}

/** The rows of renewals, flat. */
export function renewalRows(renewals: readonly ValueRenewal[]): RenewalRow[number][] {
  return renewals.flatMap(({ number, expiresAtMs, version }) => [number, expiresAtMs ?? null, version]);
}

/** Inverse of `renewalRows`. */
export function renewalsOfRows(flat: readonly RenewalRow[number][]): ValueRenewal[] {
  return rowsOf<RenewalRow>(flat, RENEWAL_FIELDS).map(renewalOfRow);
}

function renewalOfRow([number, expiresAtMs, version]: RenewalRow): ValueRenewal {
  return { number, version, ...(expiresAtMs !== null && { expiresAtMs }) };
}
