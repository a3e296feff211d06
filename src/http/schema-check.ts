/** Holds requests against their schemas and says in plain words what does not fit. */
import { Compile } from 'typebox/compile';
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { abbreviate } from '../base/abbreviate.ts';
import { PROBLEM_ERRORS_MAX } from '../domain/limits.ts';
import type { ErrorCode } from '../domain/error-code.ts';
import { HttpProblem } from './problem.ts';

/** For Fastify. Query parameters arrive as text: those whose schema is an integer are read as one first. */
export const schemaCheck: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  const integers = httpPart === 'querystring' ? integerProperties(schema) : [];
  return (input: unknown) => {
    const value = integers.length === 0 ? input : withIntegers(input, integers);
    if (validator.Check(value)) return { value };
    const faults = [...validator.Errors(value)] as Fault[];
    return {
      error: httpPart === 'body' ? bodyProblem(faults, value, schema) : queryProblem(faults, value, schema),
    };
  };
};

interface Fault {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message: string;
}

function bodyProblem(faults: readonly Fault[], body: unknown, schema: TSchema): HttpProblem {
  // Fastify shows a body that is not there as null.
  if (body === null)
    return new HttpProblem('body_invalid', `The body is missing or null: send a JSON ${typeName(schema)}`);
  const item = Array.isArray(body) ? 'item ' : '';
  const errors = distinctFaults(faults)
    .slice(0, PROBLEM_ERRORS_MAX)
    .map((fault) => ({
      pointer: `#${fault.instancePath}`,
      code: bodyCode(fault),
      detail: `${fault.instancePath === '' ? 'The body' : item + fault.instancePath.slice(1)} ${describe(fault, valueAt(body, fault.instancePath))}`,
    }));
  const first = errors[0];
  return new HttpProblem(
    first?.code ?? 'body_invalid',
    first?.detail ?? 'The body has not the form that is asked for',
    {
      errors,
    },
  );
}

function bodyCode({ keyword }: Fault): ErrorCode {
  return keyword === 'minItems' || keyword === 'maxItems' ? 'batch_size_invalid' : 'body_invalid';
}

function queryProblem(faults: readonly Fault[], query: unknown, schema: TSchema): HttpProblem {
  const fault = distinctFaults(faults)[0];
  if (fault === undefined) return new HttpProblem('query_invalid', 'A query parameter cannot be used');
  const name = fault.instancePath.slice(1);
  if (name === '')
    return new HttpProblem(
      'query_invalid',
      `The query ${describe(fault, query)}; known are ${Object.keys(propertiesOf(schema)).join(', ')}`,
    );
  const code = QUERY_CODES[name] ?? 'query_invalid';
  const value = valueAt(query, fault.instancePath);
  return new HttpProblem(code, `The query parameter ${name} ${wrongParameter(fault, value, schema, name)}`);
}

function wrongParameter(fault: Fault, value: unknown, schema: TSchema, name: string): string {
  if (Array.isArray(value))
    return `must have one value: it has ${value.slice(0, 2).map(shown).join(' and ')}`;
  const { type, minimum, maximum } = propertiesOf(schema)[name] ?? {};
  // The bounds say what is wrong with any text that is no integer between them, however it is written.
  return type === 'integer'
    ? `must be a whole number from ${minimum} to ${maximum}: it is ${shown(value)}`
    : describe(fault, value);
}

/** Of those parameters that have a code of their own. */
const QUERY_CODES: Readonly<Record<string, ErrorCode>> = {
  caller_id: 'caller_id_invalid',
  ttl: 'ttl_invalid',
};

/** One fault for each place: of a union the whole counts, not its members, and what is unknown or missing is not also counted. */
function distinctFaults(faults: readonly Fault[]): Fault[] {
  const areFieldsNamed = faults.some(({ keyword }) => FIELDS.includes(keyword));
  return faults.filter(
    ({ keyword, schemaPath }) =>
      keyword !== 'boolean' &&
      !schemaPath.includes('/anyOf/') &&
      !(areFieldsNamed && FIELD_COUNTS.includes(keyword)),
  );
}

const FIELDS: readonly string[] = ['additionalProperties', 'required'];
const FIELD_COUNTS: readonly string[] = ['minProperties', 'maxProperties'];
/** Where fields are counted, exactly one of these is asked for. */
const NUMBER_FIELDS = ['number', 'numbers'] as const;

/** What is wrong with `value`, to be read after its name. */
function describe({ keyword, params, message }: Fault, value: unknown): string {
  const limit = String(params['limit']);
  switch (keyword) {
    case 'additionalProperties':
      return `has unknown fields: ${(params['additionalProperties'] as string[]).slice(0, PROBLEM_ERRORS_MAX).map(shown).join(', ')}`;
    case 'required':
      return `lacks ${(params['requiredProperties'] as string[]).join(', ')}`;
    case 'minProperties':
    case 'maxProperties':
      return `must have exactly one of "number" and "numbers": it has ${NUMBER_FIELDS.every((name) => Object.hasOwn(value as object, name)) ? 'both' : 'neither'}`;
    case 'minItems':
      return `has ${(value as unknown[]).length} items, at least ${limit} are asked for`;
    case 'maxItems':
      return `has ${(value as unknown[]).length} items, at most ${limit} are allowed`;
    case 'anyOf':
      return `must be an integer or a string: it is ${shown(value)}`;
    case 'type':
      return `must be of type ${String(params['type'])}: it is ${shown(value)}`;
    case 'enum':
      return `must be one of ${(params['allowedValues'] as string[]).join(', ')}: it is ${shown(value)}`;
    default:
      return `${message}: it is ${shown(value)}`;
  }
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return value === undefined ? 'missing' : abbreviate(JSON.stringify(value));
}

function valueAt(root: unknown, pointer: string): unknown {
  let value = root;
  for (const key of pointer.split('/').slice(1)) {
    value = (value as Record<string, unknown>)[key.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return value;
}

function typeName(schema: TSchema): string {
  return (schema as { type?: string }).type ?? 'object';
}

interface Property {
  readonly type?: unknown;
  /** Both are there of every integer in a query. */
  readonly minimum?: number;
  readonly maximum?: number;
}

function propertiesOf(schema: TSchema): Readonly<Record<string, Property>> {
  return (schema as { properties?: Record<string, Property> }).properties ?? {};
}

function integerProperties(schema: TSchema): string[] {
  return Object.entries(propertiesOf(schema)).flatMap(([name, { type }]) =>
    type === 'integer' ? [name] : [],
  );
}

function withIntegers(query: unknown, names: readonly string[]): unknown {
  const read = { ...(query as Record<string, unknown>) };
  for (const name of names) {
    const text = read[name];
    if (typeof text === 'string' && /^-?\d{1,15}$/.test(text)) read[name] = Number(text);
  }
  return read;
}
