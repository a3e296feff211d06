/**
 * Places: the memory that unfinished long jobs may hold between them, and who gives theirs up for whom.
 *
 * A tenant can be evicted for an applicant once it has had `residencyMs` of CPU since it got its place, so that the price of
 * starting again from the log stays small against what was gained, and if its caller has received more than the applicant's.
 *
 * Invariants:
 *   P1. The sum of places is at most `bytesMax`, or there is one tenant, larger than that, alone.
 *   P2. A running tenant is never evicted; those that could be once they park count, so that a large applicant is not put off
 *       for ever by small tenants that never pause all at once.
 */
import { assert } from '../base/assert.ts';

export interface Tenant {
  readonly placeBytes: number;
  /** CPU milliseconds since it got its place. */
  readonly placeCpuMs: number;
  /** What its caller had received after its last slice, on the scale of the applicant's tag. */
  readonly placeTag: number;
  /** Set while it runs. */
  readonly running: object | undefined;
}

export interface Verdict<T> {
  /** Whether there is room, after the evictions. If not, evictions have begun only where the rest will follow within a slice. */
  readonly granted: boolean;
  readonly evict: readonly T[];
}

export class Places<T extends Tenant> {
  readonly #bytesMax: number;
  readonly #residencyMs: number;
  readonly #tenants = new Set<T>();
  #bytes = 0;

  constructor(bytesMax: number, residencyMs: number) {
    assert(bytesMax >= 0, `The bytes of all places must not be negative: ${bytesMax}`);
    assert(residencyMs >= 0, `The residency must not be negative: ${residencyMs} ms`);
    this.#bytesMax = bytesMax;
    this.#residencyMs = residencyMs;
  }

  /** Bytes of all places taken. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#tenants.size;
  }

  take(tenant: T): void {
    assert(!this.#tenants.has(tenant), 'A job takes one place');
    assert(this.#fits(tenant.placeBytes, 0), `There is no room for ${tenant.placeBytes} bytes`);
    this.#tenants.add(tenant);
    this.#bytes += tenant.placeBytes;
  }

  release(tenant: T): void {
    assert(this.#tenants.delete(tenant), 'Only a tenant can give its place up');
    this.#bytes -= tenant.placeBytes;
  }

  /**
   * Who has to go so that `bytes` are free for an applicant whose caller has the tag `tag`: those with the greatest tags, of
   * equal ones those who came first. Changes nothing. O(tenants · log tenants).
   */
  judge(bytes: number, tag: number): Verdict<T> {
    if (this.#fits(bytes, 0)) return { granted: true, evict: [] };
    const evictable = [...this.#tenants]
      .filter((tenant) => tenant.placeCpuMs >= this.#residencyMs && tenant.placeTag > tag)
      .toSorted((a, b) => b.placeTag - a.placeTag);
    const evict: T[] = [];
    let freed = 0;
    for (const tenant of evictable) {
      if (tenant.running !== undefined) continue;
      evict.push(tenant);
      freed += tenant.placeBytes;
      if (this.#fits(bytes, freed)) return { granted: true, evict };
    }
    const freedSoon = evictable.reduce((sum, tenant) => sum + tenant.placeBytes, 0);
    return { granted: false, evict: this.#fits(bytes, freedSoon) ? evict : [] };
  }

  #fits(bytes: number, freed: number): boolean {
    const left = this.#bytes - freed;
    return left === 0 || left + bytes <= this.#bytesMax;
  }
}
