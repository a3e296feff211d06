/**
 * HTML and SVG as values. Pure.
 *
 * Invariant: text becomes markup by escaping only. `markup` escapes whatever is put into its template, so that a hostile caller id
 * stays text in an element and in a quoted attribute.
 */

export class Markup {
  readonly text: string;
  /** Only for text that is written here, in this project. */
  constructor(text: string) {
    this.text = text;
  }
}

export type Part = string | number | Markup | readonly Part[];

/** Attributes must be quoted in the template. */
export function markup(literals: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const texts = literals.map((literal, i) => literal + (i < parts.length ? partText(parts[i] ?? '') : ''));
  return new Markup(texts.join(''));
}

function partText(part: Part): string {
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(partText).join('');
  return escaped(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, which no HTML may contain, and halves of surrogate pairs become replacement characters. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, (control) => (control === '\n' || control === '\t' ? control : '\uFFFD'))
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
