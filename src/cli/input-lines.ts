/** Lines of a stream, as many at a time as have arrived. Blank lines, and comments that begin with `#`, are left out. */
export interface InputLine {
  readonly text: string;
  /** From 1, counting all. */
  readonly number: number;
}

/** Lines are cut to `charsMax` characters, so that one without end does not fill the memory. */
export async function* inputLines(
  stream: AsyncIterable<Uint8Array>,
  charsMax: number,
): AsyncGenerator<InputLine[], void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let number = 0;
  const wanted = (lines: readonly string[]): InputLine[] =>
    lines
      .map((line) => ({ text: line.slice(0, charsMax).trim(), number: ++number }))
      .filter(({ text }) => text !== '' && !text.startsWith('#'));

  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = (lines.pop() ?? '').slice(0, charsMax);
    const some = wanted(lines);
    if (some.length > 0) yield some;
  }
  const last = wanted([rest]);
  if (last.length > 0) yield last;
}
