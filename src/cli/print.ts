/** Standard output for a command that says all that it has to say at once. */
import type { ExitCode } from './exit-code.ts';
import { EXIT } from './exit-code.ts';
import { LineOutput } from './line-output.ts';

/** Prints a text of one or more lines, the last one without its end. Resolves to how the command exits; rejects where `LineOutput.exitCode` throws. */
export async function print(text: string): Promise<ExitCode> {
  const output = new LineOutput(process.stdout);
  await output.write(text);
  await output.flush();
  return output.exitCode(EXIT.ok);
}
