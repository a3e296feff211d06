/**
 * The secrets that sign callbacks: each is derived from one master key, the caller and how often its secret was changed (HKDF with
 * SHA-256, RFC 5869), so there is nothing to keep for a caller whose secret never was. Pure: keys, random bytes and times are
 * passed in.
 *
 * Invariants:
 *   K1. The same master key, caller and rotation give the same secret, on every machine; any other give another one, and none
 *       tells anything about the master key or the secret of another caller.
 *   K2. A secret goes on signing for `OVERLAP_MS` after it was rotated away, so that a receiver can change over at leisure.
 *   K3. At most `FORMER_SECRETS_MAX` former secrets of a caller sign at a time: a rotation beyond that is refused, since it would
 *       break K2 or let headers grow.
 */
import { createHmac, hkdfSync, type KeyObject } from 'node:crypto';

export const MASTER_KEY_BYTES = 32;
/** How long a former secret goes on signing. */
export const OVERLAP_MS = 24 * 3_600_000;
export const FORMER_SECRETS_MAX = 4;

const SECRET_BYTES = 32;
/** Says what the key is for; a new way of deriving gets a new one. */
const PURPOSE = 'fairsieve callback secret 1';
const FINGERPRINT = 'fairsieve master key fingerprint 1';

/** What was done to the secret of a caller. */
export interface Rotations {
  /** How often it was rotated: the number of the current secret. */
  readonly count: number;
  /** Those rotated away that may still sign, in the order of their numbers. Times are in ms since 1970. */
  readonly former: readonly { readonly rotation: number; readonly signsUntilMs: number }[];
}

/** All there is to keep. The master key is an object that no log and no inspection shows. */
export interface SecretsState {
  readonly masterKey: KeyObject;
  /** By caller; one whose secret was never rotated is not in it. */
  readonly rotations: ReadonlyMap<string, Rotations>;
}

export interface CallerSecrets {
  readonly current: string;
  /** Those that still sign, latest first. */
  readonly former: readonly { readonly secret: string; readonly signsUntilMs: number }[];
}

export type Rotated =
  | { readonly kind: 'rotated'; readonly state: SecretsState }
  /** Rotated too often: possible again at that time. */
  | { readonly kind: 'refused'; readonly untilMs: number };

/** Tells master keys apart, and nothing of them: 16 hexadecimal digits. */
export function masterKeyFingerprint(masterKey: KeyObject): string {
  return createHmac('sha256', masterKey).update(FINGERPRINT).digest('hex').slice(0, 16);
}

/** The secret of a caller (a valid caller id) after `rotation` rotations, in the form of Standard Webhooks: `whsec_` and base64 of 32 bytes. */
export function deriveCallbackSecret(masterKey: KeyObject, callerId: string, rotation: number): string {
  // A caller id has no control characters, so no two differ only in where it begins.
  const info = `${PURPOSE}\0${rotation}\0${callerId}`;
  const bytes = hkdfSync('sha256', masterKey, '', info, SECRET_BYTES);
  return `whsec_${Buffer.from(bytes).toString('base64')}`;
}

/** The secrets of a caller that sign at `wallMs`. */
export function callerSecrets(
  { masterKey, rotations }: SecretsState,
  callerId: string,
  wallMs: number,
): CallerSecrets {
  const { count, former } = rotations.get(callerId) ?? NEVER;
  return {
    current: deriveCallbackSecret(masterKey, callerId, count),
    former: former
      .filter(({ signsUntilMs }) => signsUntilMs > wallMs)
      .map(({ rotation, signsUntilMs }) => ({
        secret: deriveCallbackSecret(masterKey, callerId, rotation),
        signsUntilMs,
      }))
      .toReversed(),
  };
}

/** The state after the secret of a caller was rotated at `wallMs`. */
export function rotateSecret(state: SecretsState, callerId: string, wallMs: number): Rotated {
  const { count, former } = state.rotations.get(callerId) ?? NEVER;
  const signing = former.filter(({ signsUntilMs }) => signsUntilMs > wallMs);
  if (signing.length >= FORMER_SECRETS_MAX)
    return { kind: 'refused', untilMs: Math.min(...signing.map(({ signsUntilMs }) => signsUntilMs)) };
  const rotated: Rotations = {
    count: count + 1,
    former: [...signing, { rotation: count, signsUntilMs: wallMs + OVERLAP_MS }],
  };
  return {
    kind: 'rotated',
    state: { ...state, rotations: new Map(state.rotations).set(callerId, rotated) },
  };
}

const NEVER: Rotations = { count: 0, former: [] };
