/** A number as it may be given to the client, and as it travels: always text, since nothing may pass through a double. */

/** A bigint, a double that is an exact integer, or text in any form that the service reads (`2^128+1`, `0xff`, `30!+1`). */
export type NumberInput = bigint | number | string;

/** Throws a TypeError for a double that may have been rounded already. What else a number may be is the service's to say. */
export function numberText(input: NumberInput): string {
  if (typeof input === 'number' && !Number.isSafeInteger(input)) {
    throw new TypeError(
      `Cannot take ${input} as a number: doubles are exact integers only up to ${Number.MAX_SAFE_INTEGER}; pass a bigint or a string`,
    );
  }
  if (typeof input !== 'number' && typeof input !== 'bigint' && typeof input !== 'string') {
    throw new TypeError(
      `Cannot take a ${typeof input} as a number: pass a bigint, a string or an exact integer`,
    );
  }
  return String(input);
}
