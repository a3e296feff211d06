/** The inverse of an odd word modulo 2^32, which Montgomery products and exact divisions need. */

/** word^-1 mod 2^32 for odd `word` (Newton; the seed is right to 5 bits). */
export function oddInverse(word: u32): u32 {
  let inverse = (3 * word) ^ 2;
  inverse *= 2 - word * inverse;
  inverse *= 2 - word * inverse;
  inverse *= 2 - word * inverse;
  return inverse;
}
