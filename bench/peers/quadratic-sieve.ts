/** The JavaScript peer: the package `quadraticsievefactorization`, where it is installed. */

/** Finds one factor of a composite without small factors that is no perfect power. */
export type FindFactor = (n: bigint) => bigint;

/** Undefined where the package is not installed. */
export async function loadQuadraticSieve(): Promise<FindFactor | undefined> {
  try {
    const { default: findFactor } = await import('quadraticsievefactorization');
    return quietly(findFactor);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** It tells a great deal on the console, and asserts there in its loops: neither is what is measured. */
const QUIET = ['assert', 'count', 'debug', 'log', 'warn', 'error', 'time', 'timeEnd'];
const SILENT = Object.fromEntries(QUIET.map((method) => [method, () => undefined]));

function quietly(findFactor: FindFactor): FindFactor {
  return (n) => {
    const spoken = { ...console };
    Object.assign(console, SILENT);
    try {
      return findFactor(n);
    } finally {
      Object.assign(console, spoken);
    }
  };
}
