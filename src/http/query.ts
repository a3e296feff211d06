/** The query of a URL, read strictly. Pure. */
import { abbreviate } from '../base/abbreviate.ts';

/** By name; a parameter that is given with two different values has both of them. */
export type Query = Readonly<Record<string, string | readonly [string, string]>>;

/** What cannot be decoded. A value and no exception, since the router, who calls the parser, could not answer one. */
export class BadQuery {
  /** The router takes objects of any properties. */
  readonly [name: string]: unknown;
  /** A sentence for whoever sent it. */
  readonly fault: string;

  constructor(name: string) {
    this.fault = `The query parameter ${abbreviate(name)} is not UTF-8 in percent-encoding`;
  }
}

const EMPTY: Query = Object.freeze(Object.create(null) as Query);

/** The parameters in `text`, which stands behind the question mark; `+` is a space. The same value again counts for nothing. */
export function parseQuery(text: string): Query | BadQuery {
  if (text === '') return EMPTY;
  const query = Object.create(null) as Record<string, string | readonly [string, string]>;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const cut = pair.includes('=') ? pair.indexOf('=') : pair.length;
    const name = decoded(pair.slice(0, cut));
    const value = decoded(pair.slice(cut + 1));
    if (name === undefined || value === undefined) return new BadQuery(pair.slice(0, cut));
    const before = query[name];
    if (before === undefined) query[name] = value;
    else if (typeof before === 'string' && before !== value) query[name] = [before, value];
  }
  return query;
}

/** Undefined if it is not percent-encoded UTF-8. */
function decoded(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}
