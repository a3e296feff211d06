/** Whether a service may call back here: found out by one small request, before a load counts on it. */
import type { Client, RequestBody } from '../client/client.ts';
import { systemClock } from '../base/clock.ts';
import { errorMessage } from '../base/error-message.ts';
import { CallbackReceiver } from './callback-receiver.ts';

export interface ProbeOptions {
  readonly client: Client;
  /** Where the receiver of the load is going to listen. */
  readonly host: string;
  readonly port: number;
  /** What the service is to call; undefined: what is listened on. */
  readonly publicUrl: string | undefined;
  readonly msMax: number;
  readonly signal: AbortSignal;
}

/** Throws a CallbackProbeError that says what to do if no callback comes. Errors of the client are passed on. */
export async function probeCallbacks(options: ProbeOptions): Promise<void> {
  const { client, host, port, msMax, signal } = options;
  const came = new AbortController();
  await using receiver = new CallbackReceiver({
    clock: systemClock,
    secrets: () => [],
    answer: () => ({ status: 204 }),
    delayMs: 0,
    onArrival: () => came.abort(),
  });
  const listensOn = await receiver.listen(host, port).catch((error: unknown) => {
    throw new CallbackProbeError(`Cannot listen on ${host}, port ${port}: ${errorMessage(error)}`);
  });
  const callbackUrl = options.publicUrl ?? listensOn;
  const submitted = await client.submit(1n, { callbackUrl, signal }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'callback_url_invalid')
      throw new CallbackProbeError(
        `The service refuses to call ${callbackUrl}: ${error.message}\n${remedy(callbackUrl)}`,
      );
    throw error;
  });
  await systemClock.sleep(msMax, AbortSignal.any([came.signal, signal]));
  signal.throwIfAborted();
  if (came.signal.aborted) return;
  const request = await client.result(submitted.request_id, { signal });
  throw new CallbackProbeError(
    `No callback came to ${callbackUrl} within ${msMax / 1000} s: ${whatHappened(request)}\n${remedy(callbackUrl)}`,
  );
}

export class CallbackProbeError extends Error {
  override readonly name = 'CallbackProbeError';
}

function whatHappened({ timeline, status, delivery }: RequestBody): string {
  const attempt = timeline.findLast(({ event }) => event === 'attempted');
  if (attempt?.event !== 'attempted')
    return `the request is ${status}, its callback ${delivery ?? 'unknown'}`;
  return `the service tried, and got ${attempt.error ?? `the answer ${attempt.status}`}`;
}

function remedy(callbackUrl: string): string {
  const host = URL.parse(callbackUrl)?.hostname ?? 'HOST';
  return (
    `Let the service call it (FAIRSIEVE_CALLBACK_ALLOW=${host.replaceAll(/[[\]]/g, '')} in its environment), ` +
    'or say with --listen ADDRESS:PORT and --callback-url URL where it can reach this machine, or use a --mode without callbacks'
  );
}
