/**
 * Values and renewals as rows: the way from and to the types of the domain, and many values as one text. Pure.
 *
 * Copying that text between the threads and splitting it there takes a third of what as many strings take. A row is a line, its fields end
 * at tabs; its terms are left out where they are those of the row before, as they are in all that come with one POST.
 */
import { formatFactors, parseFactors } from '../../domain/factorization.ts';
import type { StoredValue, ValueRenewal } from '../../domain/value.ts';
import { rowsOf } from './flat-rows.ts';
import { RENEWAL_FIELDS, type RenewalRow, type ValueRow } from './operation.ts';

export function rowOfValue({ number, factors, expiresAtMs, version }: StoredValue): ValueRow {
  return [number, formatFactors(factors), expiresAtMs ?? null, version];
}

export function packValues(rows: Iterable<ValueRow>): string {
  let text = '';
  let [expiry, lastVersion]: [number | null, number] = [null, -1];
  for (const [number, factors, expiresAtMs, version] of rows) {
    text += `${text === '' ? '' : '\n'}${number}\t${factors}`;
    if (expiresAtMs === expiry && version === lastVersion) continue;
    text += `\t${version}\t${expiresAtMs ?? ''}`;
    [expiry, lastVersion] = [expiresAtMs, version];
  }
  return text;
}

/** Inverse of `packValues`. */
export function* unpackValues(text: string): Generator<ValueRow> {
  if (text === '') return;
  let [expiresAtMs, version]: [number | null, number] = [null, -1];
  for (const line of text.split('\n')) {
    const [number = '', factors = '', ...terms] = line.split('\t');
    const [ownVersion, expiry] = terms;
    if (ownVersion !== undefined) {
      version = Number(ownVersion);
      expiresAtMs = expiry === '' ? null : Number(expiry);
    }
    yield [number, factors, expiresAtMs, version];
  }
}

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
