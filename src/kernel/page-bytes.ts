/** Bytes of a page, the unit in which WebAssembly counts memory. */
export const PAGE_BYTES = 0x10000;
