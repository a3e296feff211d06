/** The package brings no types. */
declare module 'quadraticsievefactorization' {
  const findFactor: (n: bigint) => bigint;
  export { findFactor as default };
}

/** WebAssembly: `n` is taken modulo 2^64, and the divisor comes as a signed integer; 0: none found. */
declare module 'quadraticsievefactorization/libs/PollardsRho64.js' {
  const findFactor: (n: bigint, stepsMax: number) => bigint;
  export { findFactor as default };
}

/** WebAssembly: 1 if `n`, modulo 2^64, is a strong probable prime to base 2. */
declare module 'quadraticsievefactorization/libs/isProbablyPrime64.js' {
  const isProbablyPrime: (n: bigint) => number;
  export { isProbablyPrime as default };
}

/** Miller–Rabin: a proof below 3.3·10^24, and above if the generalised Riemann hypothesis holds. */
declare module 'quadraticsievefactorization/libs/isPrime.js' {
  const isPrime: (n: bigint) => boolean;
  export { isPrime as default };
}
