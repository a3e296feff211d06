/** Values and the outbox on a simulated disk. */
import { timeOfSeq } from '../../domain/request-id.ts';
import { compareNumbers, hasExpired, type StoredValue, type ValueRenewal } from '../../domain/value.ts';
import { valueLine } from '../../domain/value-line.ts';
import type { PendingRenewals, ValueQuery } from '../../store/store.ts';

interface ScopedValue {
  readonly scope: string;
  readonly value: StoredValue;
}

interface Posted {
  readonly shard: number;
  readonly scope: string;
  readonly renewal: ValueRenewal;
}

export class SimulatedValues {
  readonly values = new Map<string, ScopedValue>();
  readonly outbox = new Map<string, Posted>();

  put(scope: string, value: StoredValue): void {
    const key = keyOf(scope, value.number);
    const found = this.values.get(key);
    if (!found || found.value.version < value.version) this.values.set(key, { scope, value });
  }

  get(scope: string, number: string, nowMs: number): StoredValue | undefined {
    const found = this.values.get(keyOf(scope, number))?.value;
    return found && !hasExpired(found, nowMs) ? found : undefined;
  }

  remove(scope: string, number: string, version: number): void {
    const key = keyOf(scope, number);
    if (this.values.get(key)?.value.version === version) this.values.delete(key);
  }

  ofPrime({ scope: of, prime, after, limit, nowMs }: ValueQuery): string[] {
    return [...this.values.values()]
      .filter(({ scope, value }) => scope === of && !hasExpired(value, nowMs))
      .map(({ value }) => value)
      .filter(({ factors }) => factors.some((factor) => String(factor.prime) === prime))
      .filter(({ number }) => after === undefined || compareNumbers(number, after) > 0)
      .toSorted((a, b) => compareNumbers(a.number, b.number))
      .slice(0, limit)
      .map(valueLine);
  }

  renew(scope: string, { number, ...terms }: ValueRenewal, nowMs: number): void {
    const found = this.get(scope, number, Math.min(nowMs, timeOfSeq(terms.version)));
    if (found) this.put(scope, { number, factors: found.factors, ...terms });
  }

  post(shard: number, scope: string, renewal: ValueRenewal): void {
    const key = `${shard} ${keyOf(scope, renewal.number)}`;
    const found = this.outbox.get(key);
    if (!found || found.renewal.version < renewal.version) this.outbox.set(key, { shard, scope, renewal });
  }

  pending(of: number, limit: number): PendingRenewals | undefined {
    const posted = [...this.outbox.values()].filter(({ shard }) => shard === of);
    const [first] = posted;
    if (!first) return undefined;
    const ofScope = posted.filter(({ scope }) => scope === first.scope);
    return { scope: first.scope, renewals: ofScope.slice(0, limit).map(({ renewal }) => renewal) };
  }

  told(shard: number, { scope, renewals }: PendingRenewals): void {
    for (const { number, version } of renewals) {
      const key = `${shard} ${keyOf(scope, number)}`;
      if ((this.outbox.get(key)?.renewal.version ?? Infinity) <= version) this.outbox.delete(key);
    }
  }
}

function keyOf(scope: string, number: string): string {
  return `${scope}\n${number}`;
}
