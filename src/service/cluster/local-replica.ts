/** What the cluster needs of the replica in this process, beside the use cases: what it holds itself, and taking over what others held. */
import type { StoredRequest } from '../../domain/request.ts';
import type { Adopted, CallerKey } from '../../store/store.ts';
import type { Service, ValuesOfQuery, ValuesOfResult, ValuesPage } from '../service.ts';

/** Its methods as a `Service` know of this replica alone. */
export interface LocalReplica extends Service {
  /** Aborts when nothing more is accepted. */
  readonly closing: AbortSignal;
  /** Requests that wait here. */
  readonly waiting: number;
  /** A page of the values that are kept here. */
  valuesKept(query: ValuesOfQuery): Promise<ValuesPage>;
  /** The answer where nothing is kept anywhere with that factor. */
  valuesOfNone(query: ValuesOfQuery, signal: AbortSignal): Promise<ValuesOfResult>;
  /** The requests with these sequence numbers, in order, undefined for those that are not here. */
  requestsOf(seqs: readonly number[]): Promise<readonly (StoredRequest | undefined)[]>;
  /** Whether something was accepted here under each of the keys. */
  heldKeys(keys: readonly CallerKey[]): Promise<readonly boolean[]>;
  /** The store has adopted these: they wait here from now on. */
  takeUp(adopted: Adopted): void;
}
