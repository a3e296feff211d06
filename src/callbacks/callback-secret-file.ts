/**
 * The file that holds the master key and the rotations of callback secrets. The server reads it and makes it at its first start;
 * `fairsieve secret` shows and rotates without asking the server, which sees a change within `CHECK_MS`.
 */
import { createSecretKey } from 'node:crypto';
import * as Type from 'typebox';
import { jsonStateForm } from '../base/json-state.ts';
import { RecentMap } from '../base/recent-map.ts';
import { changeStateFile, readStateFile, StateFault, StateFileError } from '../base/state-file.ts';
import { WatchedState, type WatchedStateOptions } from '../base/watched-state.ts';
import { callerIdFault } from '../domain/caller.ts';
import {
  callerSecrets,
  type CallerSecrets,
  FORMER_SECRETS_MAX,
  MASTER_KEY_BYTES,
  masterKeyFingerprint,
  rotateSecret,
  type SecretsState,
} from './callback-secrets.ts';

/** Its name in the data folder, unless `FAIRSIEVE_SECRET_FILE` says otherwise. */
export const SECRET_FILE_NAME = 'callback-secrets.json';
/** Room for the rotations of some ten thousand callers; reading it holds the event loop for about 50 ms at most. */
const FILE_BYTES_MAX = 2 ** 21;

const FORM = jsonStateForm({
  name: 'callback secrets',
  // Its group may read it: so a key is handed to a service that does not own it (root:fairsieve 0640; Kubernetes with fsGroup).
  forbiddenMode: 0o037,
  bytesMax: FILE_BYTES_MAX,
  schema: Type.Object(
    {
      format: Type.Literal(1),
      masterKey: Type.String(),
      rotations: Type.Array(
        Type.Object(
          {
            caller: Type.String(),
            count: Type.Integer({ minimum: 1 }),
            former: Type.Array(
              Type.Object(
                { rotation: Type.Integer({ minimum: 0 }), signsUntilMs: Type.Number() },
                { additionalProperties: false },
              ),
              { maxItems: FORMER_SECRETS_MAX },
            ),
          },
          { additionalProperties: false },
        ),
      ),
    },
    { additionalProperties: false },
  ),
  fromJson: ({ masterKey, rotations }): SecretsState | StateFault => {
    const key = Buffer.from(masterKey, 'base64');
    if (key.length !== MASTER_KEY_BYTES || key.toString('base64') !== masterKey)
      return new StateFault(`/masterKey must be base64 of ${MASTER_KEY_BYTES} bytes`);
    const byCaller = new Map(rotations.map(({ caller, count, former }) => [caller, { count, former }]));
    if (byCaller.size < rotations.length || rotations.some(({ caller }) => callerIdFault(caller)))
      return new StateFault('/rotations must name each caller once, by a valid id');
    return { masterKey: createSecretKey(key), rotations: byCaller };
  },
  toJson: ({ masterKey, rotations }) => ({
    format: 1 as const,
    masterKey: masterKey.export().toString('base64'),
    rotations: Array.from(rotations, ([caller, { count, former }]) => ({
      caller,
      count,
      former: [...former],
    })),
  }),
});

/**
 * Makes the file, with `MASTER_KEY_BYTES` random bytes for a key, unless there is one; durable when it returns. Throws a
 * StateFileError if it can't be made, or the one that is there can't be used.
 */
export function makeSecretFile(file: string, randomBytes: (count: number) => Uint8Array): void {
  if (isThere(file)) return;
  changeStateFile(file, FORM, (state) => state ?? newState(randomBytes));
}

/** The text of such a file, for whoever hands it to several servers himself. */
export function newSecretFileText(randomBytes: (count: number) => Uint8Array): string {
  return FORM.format(newState(randomBytes));
}

function newState(randomBytes: (count: number) => Uint8Array): SecretsState {
  return { masterKey: createSecretKey(randomBytes(MASTER_KEY_BYTES)), rotations: new Map() };
}

/** Without the lock, for which a file mounted read-only has no room. */
function isThere(file: string): boolean {
  try {
    readStateFile(file, FORM);
    return true;
  } catch (error) {
    if (error instanceof StateFileError && error.code === 'absent') return false;
    throw error;
  }
}

/** The secrets of a caller (a valid caller id) that sign at `wallMs`. Throws a StateFileError. */
export function readCallerSecrets(file: string, callerId: string, wallMs: number): CallerSecrets {
  return callerSecrets(readStateFile(file, FORM), callerId, wallMs);
}

export type RotationOutcome =
  | { readonly kind: 'rotated'; readonly secrets: CallerSecrets }
  /** Rotated too often: possible again at that time, in ms since 1970. */
  | { readonly kind: 'refused'; readonly untilMs: number };

/** Gives a caller a new secret; durable when it returns. Throws a StateFileError; there must be a file. */
export function rotateCallerSecret(file: string, callerId: string, wallMs: number): RotationOutcome {
  // Says what is wrong if there is none, before a lock is made beside it.
  readStateFile(file, FORM);
  let refusedUntilMs: number | undefined;
  const state = changeStateFile(file, FORM, (old) => {
    if (!old) throw new StateFileError('absent', `The callback secrets in ${file} were deleted`);
    const outcome = rotateSecret(old, callerId, wallMs);
    if (outcome.kind === 'rotated') return outcome.state;
    refusedUntilMs = outcome.untilMs;
    return old;
  });
  if (refusedUntilMs !== undefined) return { kind: 'refused', untilMs: refusedUntilMs };
  return { kind: 'rotated', secrets: callerSecrets(state, callerId, wallMs) };
}

/** Callers whose secrets are kept at hand: deriving one takes longer than signing with it. */
const DERIVED_MAX = 10_000;

/** The secrets as the server uses them: always those of the file as it is now, or was when it could last be used. */
export class CallbackSecrets {
  readonly #watched: WatchedState<SecretsState>;
  readonly #clock: WatchedStateOptions<SecretsState>['clock'];
  /** What `#derived` was derived from. */
  #state: SecretsState;
  #derived = new RecentMap<string, CallerSecrets>(DERIVED_MAX);

  /** Throws a StateFileError if the file can't be used; see `makeSecretFile`. */
  constructor(options: Omit<WatchedStateOptions<SecretsState>, 'form'>) {
    this.#watched = new WatchedState({ ...options, form: FORM });
    this.#clock = options.clock;
    this.#state = this.#watched.get();
  }

  /** Of the master key; see `masterKeyFingerprint`. */
  get fingerprint(): string {
    return masterKeyFingerprint(this.#watched.get().masterKey);
  }

  of(callerId: string): CallerSecrets {
    const state = this.#watched.get();
    if (state !== this.#state) this.#derived = new RecentMap(DERIVED_MAX);
    this.#state = state;
    const wallMs = this.#clock.wallMs();
    const known = this.#derived.get(callerId);
    if (known?.former.every(({ signsUntilMs }) => signsUntilMs > wallMs)) return known;
    const secrets = callerSecrets(state, callerId, wallMs);
    this.#derived.set(callerId, secrets);
    return secrets;
  }

  /** What an attempt for this caller is signed with, the current one first; see `signatureHeaders`. */
  signingFor(callerId: string): readonly string[] {
    const { current, former } = this.of(callerId);
    return [current, ...former.map(({ secret }) => secret)];
  }
}
