/** The form of state files that hold one JSON document: checked against a schema, told without quoting it. Pure. */
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { StateFault, type StateForm } from './state-file.ts';

export interface JsonStateOptions<S extends TSchema, T> extends Omit<StateForm<T>, 'parse' | 'format'> {
  readonly schema: S;
  /** The state in a document that fits the schema, or what is wrong with it. */
  readonly fromJson: (document: Static<S>) => T | StateFault;
  readonly toJson: (state: T) => Static<S>;
}

export function jsonStateForm<S extends TSchema, T>({
  schema,
  fromJson,
  toJson,
  ...form
}: JsonStateOptions<S, T>): StateForm<T> {
  const validator = Compile(schema);
  return {
    ...form,
    parse: (text) => {
      const document = parseJson(text);
      if (validator.Check(document)) return fromJson(document);
      if (document === undefined) return new StateFault('it is not JSON');
      const [{ instancePath, message } = { instancePath: '', message: 'does not fit' }] =
        validator.Errors(document);
      return new StateFault(`${instancePath === '' ? 'the document' : instancePath} ${message}`);
    },
    // People read it, and so do their tools for differences.
    format: (state) => `${JSON.stringify(toJson(state), null, 2)}\n`,
  };
}

/** Undefined for what is not JSON. The parser's own message would quote the text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
