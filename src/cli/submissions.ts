/** Numbers of a command line or of standard input, submitted as they arrive. */
import type { Client, SubmitOptions, Submitted } from '../client/client.ts';
import { numberInputs } from './number-inputs.ts';
import type { Session } from './service-session.ts';

/** Yields what was accepted, in the order of the input, and adds its ids to `open`. */
export async function* submissions(
  client: Client,
  args: readonly string[],
  session: Session,
  options: Pick<SubmitOptions, 'callbackUrl'> = {},
  open: Set<string> = new Set(),
): AsyncGenerator<Submitted[], void, undefined> {
  const { signal } = session;
  for await (const inputs of numberInputs(args, signal)) {
    const numbers = inputs.map((input) => input.read()).filter((number) => number !== undefined);
    if (numbers.length < inputs.length) session.fail();
    if (numbers.length === 0) continue;
    const submitted = await client.submit(numbers, { ...options, signal });
    for (const { request_id: id } of submitted) open.add(id);
    yield submitted;
  }
}
