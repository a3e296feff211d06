/** A URL as an error may show it: errors are kept and shown around. Pure. */

/**
 * Without user, password, query and fragment. What was typed need not be a URL: whatever stands before the last `@` may be a password
 * with a slip in it, such as a slash.
 */
export function shownUrl(text: string): string {
  return text.replace(/^((?:[a-z][a-z\d+.-]*:(?=[/\\]))?[/\\]*).*@/is, '$1…@').replace(/([?#]).*$/s, '$1…');
}
