/**
 * A programmer's mistake: the condition must hold, whatever the input was. Runs in browsers too, hence not
 * `node:assert`. A message that is dear to make, such as one with a large number in it, or one on the way of every request, is given as a function.
 */
export function assert(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new AssertionFailure(typeof message === 'string' ? message : message());
}

class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}
