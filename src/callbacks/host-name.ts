/** The form of host names in the DNS (RFC 1035, 2.3.4). Pure. */

const NAME_CHARS_MAX = 253;
const LABEL_CHARS_MAX = 63;
/** Underscores are no host names by the letter (RFC 952), yet in use. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/** What is wrong with a name in lower case and ASCII form, without a trailing dot; undefined if nothing is. */
export function hostNameFault(name: string): string | undefined {
  if (name.length > NAME_CHARS_MAX)
    return `it has ${name.length} characters, at most ${NAME_CHARS_MAX} are possible`;
  for (const label of name.split('.')) {
    if (label === '') return 'it has an empty label';
    if (label.length > LABEL_CHARS_MAX)
      return `it has a label of ${label.length} characters, at most ${LABEL_CHARS_MAX} are possible`;
    if (!LABEL.test(label))
      return `its label ${JSON.stringify(label)} may only have letters, digits and inner hyphens`;
  }
  return undefined;
}
