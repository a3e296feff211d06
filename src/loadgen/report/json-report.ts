/** The result as `--json` writes it. Pure. */
import type { LoadResult } from '../load-result.ts';

/** What stands where a secret was: that one was given is worth knowing, the secret is not. */
const HIDDEN = '(hidden)';

/** Parses to a LoadResult; secrets and keys are left out. */
export function jsonReport(result: LoadResult): string {
  const { apiKey, secretOf } = result.options;
  const options = {
    ...result.options,
    ...(apiKey !== undefined && { apiKey: HIDDEN }),
    ...(secretOf !== undefined && { secretOf: HIDDEN }),
  };
  return `${JSON.stringify({ ...result, options }, undefined, 2)}\n`;
}
