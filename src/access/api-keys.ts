/** The API keys as the server uses them: always those of the file as it is now, or was when it could last be used. */
import { timingSafeEqual } from 'node:crypto';
import { WatchedState, type WatchedStateOptions } from '../base/watched-state.ts';
import { API_KEY_FORM, type ApiKeyRecord } from './api-key-file.ts';
import { apiKeyHash } from './api-key.ts';

export class ApiKeys {
  readonly #watched: WatchedState<readonly ApiKeyRecord[]>;
  #records: readonly ApiKeyRecord[] = [];
  #byHash: ReadonlyMap<string, ApiKeyRecord> = new Map();

  /** Throws a StateFileError if the file can't be used, or is not there: access that was asked for must not be open to all instead. */
  constructor(options: Omit<WatchedStateOptions<readonly ApiKeyRecord[]>, 'form'>) {
    this.#watched = new WatchedState({ ...options, form: API_KEY_FORM });
  }

  /** What is known of a key; undefined if it is not one of ours (any more). */
  find(key: string): ApiKeyRecord | undefined {
    const hash = apiKeyHash(key);
    if (hash === undefined) return undefined;
    const record = this.#index().get(hash);
    // The look-up may take a time that tells of hashes alike; those are no help in making a key. The last word is in constant time.
    return record && timingSafeEqual(Buffer.from(record.hash), Buffer.from(hash)) ? record : undefined;
  }

  #index(): ReadonlyMap<string, ApiKeyRecord> {
    const records = this.#watched.get();
    if (records !== this.#records) {
      this.#records = records;
      this.#byHash = new Map(records.map((record) => [record.hash, record]));
    }
    return this.#byHash;
  }
}
