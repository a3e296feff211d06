/** The frame of a command that calls a service for many items: order, interruption, a reader that goes away, and the exit code. */
import { EXIT, type ExitCode } from './exit-code.ts';
import { inOrder } from './in-order.ts';
import { Interruption } from './interruption.ts';
import { LineOutput } from './line-output.ts';

/** More than the client has under way at once, so that it is never idle. */
const AT_ONCE = 256;

export interface Session {
  /** To be given to every call. */
  readonly signal: AbortSignal;
  print(text: string): Promise<void>;
  /** Remembers that something asked for is not there. */
  fail(): void;
}

/** `task` resolves once its item is printed; it waits for `turn` first where the order matters. */
export async function runSession<T>(
  items: (session: Session) => AsyncIterable<readonly T[]> | Iterable<readonly T[]>,
  task: (item: T, turn: Promise<void>, session: Session) => Promise<void>,
): Promise<ExitCode> {
  using interruption = new Interruption();
  const output = new LineOutput(process.stdout);
  const ending = new AbortController();
  const signal = AbortSignal.any([interruption.signal, output.closed, ending.signal]);
  let exitCode: ExitCode = EXIT.ok;
  const session: Session = {
    signal,
    print: (text) => output.write(text),
    fail: () => {
      exitCode = EXIT.failed;
    },
  };
  try {
    await inOrder(items(session), AT_ONCE, signal, (item, turn) => task(item, turn, session));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await output.flush();
    ending.abort();
  }
  return output.exitCode(interruption.exitCode(exitCode));
}
