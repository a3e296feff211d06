/** For messages that repeat what was given, however long it is. Pure. */

const ABBREVIATE_CHARS_MAX = 44;

/** At most about 40 characters of a text that may be long: its head and its tail. */
export function abbreviate(text: string): string {
  return text.length <= ABBREVIATE_CHARS_MAX ? text : `${text.slice(0, 20)}…${text.slice(-10)}`;
}
