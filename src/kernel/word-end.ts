/** The least number that is no word: one more than 64 bits hold. */
export const WORD_END = 1n << 64n;
