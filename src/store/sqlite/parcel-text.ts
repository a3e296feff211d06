/** Parcels as bytes: JSON, with the bytes in rows as base64. Pure. */

export type ParcelValue = string | number | null | Uint8Array;

/** A row of one of the kinds that travel, named by `Kind`. */
export type ParcelRow<Kind extends string> = readonly [kind: Kind, ...values: ParcelValue[]];

export interface ParcelContent<Kind extends string> {
  /** The version of the tables that the rows are from. */
  readonly version: number;
  /** The shard that gives it. */
  readonly shard: number;
  readonly rows: readonly ParcelRow<Kind>[];
}

/** The text of a row in a parcel. */
export function rowText(row: ParcelRow<string>): string {
  return JSON.stringify(
    row.map((value) => (typeof value === 'object' && value !== null ? boxed(value) : value)),
  );
}

/** A parcel of rows whose texts these are. */
export function parcelBytes(version: number, shard: number, rowTexts: readonly string[]): Uint8Array {
  return new TextEncoder().encode(`{"version":${version},"shard":${shard},"rows":[${rowTexts.join(',\n')}]}`);
}

/** Inverse of `parcelBytes`. What is in it is not checked: it is from a store. */
export function parcelContent<Kind extends string>(bytes: Uint8Array): ParcelContent<Kind> {
  const content = JSON.parse(new TextDecoder().decode(bytes), (_, value: unknown) =>
    isBoxed(value) ? Uint8Array.fromBase64(value.base64) : value,
  ) as ParcelContent<Kind>;
  return content;
}

function boxed(bytes: Uint8Array): { base64: string } {
  return { base64: bytes.toBase64() };
}

function isBoxed(value: unknown): value is { readonly base64: string } {
  return typeof value === 'object' && value !== null && 'base64' in value;
}
