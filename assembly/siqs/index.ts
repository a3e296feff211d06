/** What the quadratic sieve exports to JavaScript. */
export { siqsBuildFactorBase, siqsChooseMultiplier } from './factor-base';
export { siqsIngest } from './ingest';
export { siqsPreparePool } from './pool';
export { siqsSkipCoefficients } from './coefficient';
export { siqsNextCoefficient } from './polynomial';
export { siqsClear } from './relations';
export { siqsSieve } from './sieve';
export { siqsSquareRoot } from './square-root';
export { siqsUnpack } from '../linear-algebra/relation-matrix';
export { siqsMerge } from '../linear-algebra/merge';
export { siqsSolve } from '../linear-algebra/dense';
