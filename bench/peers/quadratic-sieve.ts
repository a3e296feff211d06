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

/** It tells a great deal on the console, and writing that out is not what is measured. */
const QUIET = ['debug', 'log', 'warn', 'error'] as const;

function quietly(findFactor: FindFactor): FindFactor {
  return (n) => {
    const spoken = { ...console };
    for (const method of QUIET) console[method] = () => undefined;
    try {
      return findFactor(n);
    } finally {
      for (const method of QUIET) console[method] = spoken[method];
    }
  };
}
