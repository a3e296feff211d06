/**
 * How a value is written in a message between replicas: as JSON, with big integers as decimal text. What arrives is checked before it
 * is believed, since the other side may be of another version.
 */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

export interface Form<T> {
  readonly toBytes: (value: T) => Uint8Array;
  /** Throws a FormError where the bytes are not of this form. */
  readonly fromBytes: (bytes: Uint8Array) => T;
}

export class FormError extends Error {
  override readonly name = 'FormError';
}

/** `T` as JSON has it. */
export type Json<T> = T extends bigint
  ? string
  : T extends object
    ? { readonly [K in keyof T]: Json<T[K]> }
    : T;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** `schema` says what of a message is relied upon; what it does not name is let through. `revive` makes big integers of text. */
export function jsonForm<T>(schema: TSchema, revive: (json: Json<T>) => T): Form<T> {
  const validator = Compile(schema);
  return {
    toBytes: (value) => encoder.encode(JSON.stringify(simplified(value))),
    fromBytes: (bytes) => {
      const json = parse(bytes);
      if (!validator.Check(json)) {
        const [fault] = validator.Errors(json);
        throw new FormError(
          `A message is not understood: ${fault?.instancePath ?? ''} ${fault?.message ?? ''}`,
        );
      }
      return revive(json as Json<T>);
    },
  };
}

/** For what has no big integers. */
export function plainForm<T>(schema: TSchema): Form<T> {
  return jsonForm<T>(schema, (json) => json as T);
}

/** What is opaque here. */
export const BYTES_FORM: Form<Uint8Array> = { toBytes: (bytes) => bytes, fromBytes: (bytes) => bytes };

/** Without big integers. A copy is made in half the time that a replacer takes. */
function simplified(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(simplified);
  const copy: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) copy[key] = simplified(part);
  return copy;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new FormError('A message is not understood: it is no JSON', { cause });
  }
}
