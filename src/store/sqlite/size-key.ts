/**
 * Numbers as keys that SQLite orders by size. Pure.
 *
 * Those that fit 64 bits are integers, which take the least room; SQLite orders every integer before every text. Of the others,
 * the key is the decimal text after one character that ascends with its length.
 */

/** Every number of so many digits is below 2^63. */
const INTEGER_DIGITS_MAX = 18;
/** With this, the character for 19 digits is `A`, and one byte is enough for up to 81. */
const LENGTH_OFFSET = 46;

/** `number`: decimal digits without leading zeros, at most 1,000 of them. */
export function sizeKey(number: string): bigint | string {
  if (number.length <= INTEGER_DIGITS_MAX) return BigInt(number);
  return String.fromCharCode(LENGTH_OFFSET + number.length) + number;
}

/** The SQL expression for the key of a number in `column`, as text. */
export function sqlSizeKey(column: string): string {
  return `CASE WHEN length(${column}) <= ${INTEGER_DIGITS_MAX} THEN CAST(${column} AS INTEGER) ELSE char(${LENGTH_OFFSET} + length(${column})) || ${column} END`;
}

/** The SQL expression for the number of a key in `column`, as text. */
export function sqlNumberOfKey(column: string): string {
  return `CASE typeof(${column}) WHEN 'integer' THEN CAST(${column} AS TEXT) ELSE substr(${column}, 2) END`;
}
