/**
 * Makes commits durable in Redis, one at a time, and finds out what became of each whatever happens to the connection.
 */
import { StoreError } from '../store.ts';
import type { Claim } from './claim.ts';
import { COMMIT } from './commit-script.ts';
import type { Lease } from './lease.ts';
import { LEASE_KEY } from './lease-scripts.ts';
import type { Changes } from './mirror.ts';

export class Committer {
  readonly #link: Claim['link'];
  readonly #lease: Lease;
  readonly #signal: AbortSignal;
  #number = 0;

  /** When `signal` aborts, a commit that Redis cannot be asked about is given up: its outcome stays unknown. */
  constructor({ link }: Pick<Claim, 'link'>, lease: Lease, signal: AbortSignal) {
    this.#link = link;
    this.#lease = lease;
    this.#signal = signal;
  }

  /**
   * Resolves once `changes` are durable, however long that takes. Rejects with a StoreError: `full` if Redis has no memory, then nothing is
   * changed; `lost`; or with what Redis says to a command that it does not understand.
   */
  async commit({ keys, args }: Changes): Promise<void> {
    const number = String(++this.#number);
    for (;;) {
      await this.#lease.held();
      const command = [...this.#lease.proof, number, ...args];
      const reply = await this.#link.persist(
        () => this.#link.run(COMMIT, [LEASE_KEY, ...keys], command),
        this.#signal,
      );
      const outcome = this.#lease.check(reply);
      if (outcome === 'done') return;
      if (outcome === 'full') throw new StoreError('full', 'Redis has no memory left (maxmemory)');
      // It ran out between being looked at and the script.
      await this.#lease.renew();
    }
  }
}
