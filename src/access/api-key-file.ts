/**
 * The file of API keys that `FAIRSIEVE_API_KEYS_FILE` names: whose each key is, and its hash. `fairsieve key` changes it without
 * asking the server, which sees a change within `CHECK_MS`.
 */
import * as Type from 'typebox';
import { jsonStateForm } from '../base/json-state.ts';
import { changeStateFile, readStateFile, StateFault, type StateForm } from '../base/state-file.ts';
import { callerIdFault } from '../domain/caller.ts';
import { API_KEY_BYTES, apiKeyHash, formatApiKey } from './api-key.ts';

/** Whom a key speaks for. The operator sees and changes what is everyone's. */
export type KeyOwner = { readonly kind: 'caller'; readonly callerId: string } | { readonly kind: 'operator' };

export interface ApiKeyRecord {
  /** Names the key where it must not be told: lists, logs, revocation. */
  readonly id: string;
  readonly owner: KeyOwner;
  readonly hash: string;
  readonly createdAtMs: number;
}

const ID_BYTES = 6;
/** Room for some ten thousand keys; reading it holds the event loop for about 50 ms at most. */
const FILE_BYTES_MAX = 2 ** 21;

const RECORD = {
  id: Type.String({ pattern: '^[0-9a-z_-]{1,64}$' }),
  hash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  createdAt: Type.String({ pattern: '^[0-9T:.-]{19,23}Z$' }),
};

export const API_KEY_FORM: StateForm<readonly ApiKeyRecord[]> = jsonStateForm({
  name: 'API keys',
  // Whoever could write to it could let himself in; hashes may be read.
  forbiddenMode: 0o022,
  bytesMax: FILE_BYTES_MAX,
  schema: Type.Object(
    {
      format: Type.Literal(1),
      keys: Type.Array(
        Type.Union([
          Type.Object({ ...RECORD, caller: Type.String() }, { additionalProperties: false }),
          Type.Object({ ...RECORD, operator: Type.Literal(true) }, { additionalProperties: false }),
        ]),
      ),
    },
    { additionalProperties: false },
  ),
  fromJson: ({ keys }): readonly ApiKeyRecord[] | StateFault => {
    for (const [i, key] of keys.entries()) {
      if ('caller' in key && callerIdFault(key.caller) !== undefined)
        return new StateFault(`/keys/${i}/caller cannot be a caller id`);
      if (Number.isNaN(Date.parse(key.createdAt))) return new StateFault(`/keys/${i}/createdAt is no time`);
    }
    if (new Set(keys.map(({ id }) => id)).size < keys.length)
      return new StateFault('two of its keys have the same id');
    if (new Set(keys.map(({ hash }) => hash)).size < keys.length)
      return new StateFault('two of its keys have the same hash');
    return keys.map(({ id, hash, createdAt, ...of }) => ({
      id,
      owner: 'caller' in of ? { kind: 'caller', callerId: of.caller } : { kind: 'operator' },
      hash,
      createdAtMs: Date.parse(createdAt),
    }));
  },
  toJson: (records) => ({
    format: 1 as const,
    keys: records.map(({ id, owner, hash, createdAtMs }) => ({
      id,
      ...(owner.kind === 'caller' ? { caller: owner.callerId } : { operator: true as const }),
      hash,
      createdAt: new Date(createdAtMs).toISOString(),
    })),
  }),
});

export interface CreatedKey {
  readonly id: string;
  /** To be told once, and kept by nobody but its owner. */
  readonly key: string;
}

/** Adds a key; makes the file if there is none. Durable when it returns. Throws a StateFileError. */
export function createApiKey(
  file: string,
  owner: KeyOwner,
  wallMs: number,
  randomBytes: (count: number) => Uint8Array,
): CreatedKey {
  const key = formatApiKey(randomBytes(API_KEY_BYTES));
  const hash = apiKeyHash(key) ?? '';
  const id = Buffer.from(randomBytes(ID_BYTES)).toString('hex');
  changeStateFile(file, API_KEY_FORM, (records = []) => [
    ...records,
    { id, owner, hash, createdAtMs: wallMs },
  ]);
  return { id, key };
}

/** In the order in which they were made. Throws a StateFileError. */
export function listApiKeys(file: string): readonly ApiKeyRecord[] {
  return readStateFile(file, API_KEY_FORM);
}

/** Removes the key with this id; false if there is none. Durable when it returns. Throws a StateFileError. */
export function revokeApiKey(file: string, id: string): boolean {
  if (!listApiKeys(file).some((record) => record.id === id)) return false;
  let isRevoked = false;
  changeStateFile(file, API_KEY_FORM, (records = []) => {
    const rest = records.filter((record) => record.id !== id);
    isRevoked = rest.length < records.length;
    return isRevoked ? rest : records;
  });
  return isRevoked;
}
