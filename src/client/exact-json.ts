/** JSON whose integers may be longer than a double holds: those of 16 digits and more become text. Works where `JSON.parse` shows no source. Pure. */

/** A string, which is left alone, or an integer that may be rounded. Nothing here has fractions or exponents. */
const STRING_OR_LONG_INTEGER = /"(?:[^"\\]|\\.)*"|\d{16,}/g;

/** Throws a SyntaxError for what is not JSON. */
export function parseExactJson(text: string): unknown {
  return JSON.parse(
    text.replaceAll(STRING_OR_LONG_INTEGER, (token) => (token.startsWith('"') ? token : `"${token}"`)),
  );
}
