/** A programmer's mistake: the condition must hold, whatever the input was. Runs in browsers too, hence not `node:assert`. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}
