/** What an entry of a sparse row is, and how a row is marked that is no more. */

/** Set in entries that name a relation which the row is made of; the others are columns, and stand before them. */
export const RELATION: u32 = 0x80000000;
/** In place of an index or an address: there is none. */
export const DEAD: u32 = 0xffffffff;
