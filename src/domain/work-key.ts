/**
 * Names work: requests whose work has the same key are computed once and answered together; what is found, and the log of what is
 * not found yet, are kept by it.
 *
 * Where callers share, the key is the number. Where they do not, the caller is part of it, since an answer that comes quickly would
 * tell that somebody else asked for the same: then equal numbers of different callers have nothing to do with each other.
 */
export type WorkKeyOf = (number: string, callerId: string) => string;

/** A caller id has no control characters, so keys of different callers differ. */
export function workKeys(isShared: boolean): WorkKeyOf {
  return isShared ? (number) => number : (number, callerId) => `${number}\n${callerId}`;
}
