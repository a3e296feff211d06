/** The package brings no types. */
declare module 'quadraticsievefactorization' {
  const findFactor: (n: bigint) => bigint;
  export { findFactor as default };
}
