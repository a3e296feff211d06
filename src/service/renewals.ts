/** How other replicas come to know that a number is kept on new terms: each that has it takes them over, if they are the latest. */
import type { ValueRenewal } from '../domain/value.ts';
import type { ValueScope } from '../store/store.ts';

export interface Renewals {
  /** How long `renew` may take at most where some replica does not answer, so that whoever is to be answered in time can begin in time. */
  readonly msMax: number;
  /**
   * Resolves once every other replica that exists has been told, or it is on disk here that it is to be. At most
   * `COMMIT_ROWS_MAX` at a time. Rejects with a StoreError `full` where there is no room to write that down.
   */
  renew(scope: ValueScope, renewals: readonly ValueRenewal[]): Promise<void>;
}

/** Of a replica that has no others. */
export const NO_RENEWALS: Renewals = { msMax: 0, renew: () => Promise.resolve() };
