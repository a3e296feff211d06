/** What the kernel exports to JavaScript. An algorithm stands in its own file; this one only names them. */
export { INPUT, INPUT_BYTES, LIMBS_MAX, ODD_PRIMES, ODD_PRIMES_COUNT, OUTPUT, OUTPUT_BYTES } from './layout';
export { init } from './init';
export {
  factorWords,
  WORD_COUNTS,
  WORD_PRIMES,
  WORD_PRIMES_MAX,
  WORD_WORK,
  WORDS_MAX,
} from './word/factor-words';
export { findOddDivisor } from './arithmetic/trial-division';
export { setModulus } from './arithmetic/modulus';
export { bailliePswStart, bailliePswStep } from './primality/baillie-psw';
export { passesStrongTests } from './primality/strong-tests';
export { neighbourClaimStart, neighbourClaimStep } from './primality/neighbour-claim';
export { cyclotomicPowerStart, cyclotomicPowerStep } from './primality/cyclotomic-power';
export { ecmStart, ecmStep } from './ecm/elliptic-curve-method';
export * from './siqs/index';
