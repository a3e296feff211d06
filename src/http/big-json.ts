/**
 * JSON in which no number passes through a double that cannot hold it.
 *
 * Pure. A number written as a plain integer of at most 15 digits becomes a number; every other one (longer, with a fraction
 * or an exponent, `-0`) becomes its text, exactly as it was written. A key given twice counts once, with its last value.
 *
 * Such numbers are put in quotes before the text is parsed. That keeps JSON JSON and anything else anything else: one value
 * takes the place of another, and in the place of a key, where only a string may stand, nothing is replaced. It is several
 * times faster than a reviver that looks at the source text of each value.
 *
 * Depth and number of values are bounded before anything is built, so that the time of the parse is bounded as well.
 */
import { JSON_DEPTH_MAX, JSON_VALUES_MAX } from '../domain/limits.ts';

export type ParsedJson =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'invalid'; readonly code: 'json_invalid' | 'body_too_large'; readonly message: string };

export function parseBigJson(text: string): ParsedJson {
  const quoted = quoteLossyNumbers(text);
  if (typeof quoted !== 'string') return quoted;
  try {
    return { kind: 'json', value: JSON.parse(quoted) };
  } catch (error) {
    return { kind: 'invalid', code: 'json_invalid', message: `The body is not JSON: ${reason(text, error)}` };
  }
}

/** What V8 says of the text as it arrived, whose positions are the client's. */
function reason(text: string, error: unknown): string {
  try {
    JSON.parse(text);
  } catch (original) {
    return (original as Error).message;
  }
  return (error as Error).message;
}

/** One pass over text that need not be JSON, linear in its length. */
function quoteLossyNumbers(text: string): string | ParsedJson {
  let depth = 0;
  let commas = 0;
  let quoted = '';
  let copied = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === QUOTE) i = stringEnd(text, i);
    else if (char === COMMA) {
      if (++commas > JSON_VALUES_MAX)
        return {
          kind: 'invalid',
          code: 'body_too_large',
          message: `The body has more than ${JSON_VALUES_MAX} values`,
        };
    } else if (char === OPENING_BRACKET || char === OPENING_BRACE) {
      if (++depth > JSON_DEPTH_MAX)
        return {
          kind: 'invalid',
          code: 'json_invalid',
          message: `The body is nested more than ${JSON_DEPTH_MAX} deep`,
        };
    } else if (char === CLOSING_BRACKET || char === CLOSING_BRACE) depth--;
    else if (isDigit(char) || char === MINUS) {
      const start = i;
      let plain = char !== MINUS;
      while (isNumberCharacter(text.charCodeAt(i + 1))) if (!isDigit(text.charCodeAt(++i))) plain = false;
      if (plain && i - start < SAFE_DIGITS) continue;
      const token = text.slice(start, i + 1);
      if (!NUMBER.test(token) || isKey(text, i + 1)) continue;
      quoted += `${text.slice(copied, start)}"${token}"`;
      copied = i + 1;
    }
  }
  return copied === 0 ? text : quoted + text.slice(copied);
}

/** 2^53 has 16 digits. */
const SAFE_DIGITS = 15;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** The place of the quote that ends the string begun at `start`, or the end of the text. */
function stringEnd(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return end;
  }
}

const COLON_NEXT = /[ \t\r\n]*:/y;

/** Whether a colon comes next, so that what stands before it stands where a key belongs. */
function isKey(text: string, at: number): boolean {
  COLON_NEXT.lastIndex = at;
  return COLON_NEXT.test(text);
}

function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39;
}

/** Digits, signs, the point and the `e` of an exponent. */
function isNumberCharacter(char: number): boolean {
  return isDigit(char) || char === MINUS || char === 0x2e || char === 0x2b || char === 0x65 || char === 0x45;
}
