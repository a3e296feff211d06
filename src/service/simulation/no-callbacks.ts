/** For replicas of tests in which nobody is called back. */
import { DEFAULT_RETRY_POLICY } from '../../callbacks/retry-policy.ts';
import type { CallbackOptions } from '../replica-options.ts';

export const NO_CALLBACKS: CallbackOptions = {
  send: ({ url }) => {
    throw new Error(`Nobody is to be called back at ${url}`);
  },
  settings: {
    retries: DEFAULT_RETRY_POLICY,
    attemptsMax: 1,
    attemptsPerHostMax: 1,
    rateOf: () => undefined,
  },
  random: () => 0,
  busyShare: () => 0,
};
