/**
 * What is found out about a service before it is loaded: whether it is there and is fairsieve, and whom an API key speaks for.
 *
 * All of it throws the reason of its signal, as soon as that aborts.
 */
import { isObject } from '../client/is-object.ts';
import { ask } from './ask.ts';
import { failureReason } from './exchange-outcome.ts';
import { type ExchangeEnd, HttpConnection } from './http-connection.ts';
import { requestText, type RequestText, type Service } from './request-text.ts';

const ANSWER_MS_MAX = 5_000;

/**
 * Which way is closed: to the service; to listening for callbacks; for a callback URL that the service does not take; for one at an
 * address that its operator has not opened; back from the service to the receiver.
 */
export type ClosedWay = 'there' | 'listening' | 'url' | 'address' | 'back';

/** A service that cannot be loaded from here, and why. */
export class UnfitServiceError extends Error {
  override readonly name = 'UnfitServiceError';
  readonly way: ClosedWay;

  constructor(message: string, way: ClosedWay = 'there') {
    super(message);
    this.way = way;
  }
}

/** Throws an UnfitServiceError unless it answers `GET /healthz` as fairsieve does: nothing else is to be put under load by a slip in a URL. */
export async function checkService(service: Service, signal: AbortSignal): Promise<void> {
  const end = await askService(service, ({ get }) => get('/healthz'), signal);
  const reason = failureReason(end);
  if (reason !== undefined)
    throw new UnfitServiceError(`Cannot load ${service.url}: GET /healthz failed (${reason})`);
  if (end.kind === 'broken' || !isHealth(end.body))
    throw new UnfitServiceError(
      `Cannot load ${service.url}: this is no fairsieve service, as GET /healthz does not answer {"status":"ok"}`,
    );
}

function isHealth(body: Buffer): boolean {
  try {
    const health: unknown = JSON.parse(body.toString());
    return isObject(health) && health.status === 'ok';
  } catch {
    return false;
  }
}

/** Whom the API key of a service speaks for. */
export type KeyOwner =
  /** Its callbacks are signed with any of the secrets. */
  | { readonly kind: 'caller'; readonly callerId: string; readonly secrets: readonly string[] }
  /** For anyone, as without a key. */
  | { readonly kind: 'anyone' };

/** Throws an UnfitServiceError if the key is refused, or one is asked for and there is none. */
export async function keyOwner(service: Service, signal: AbortSignal): Promise<KeyOwner> {
  const end = await askService(service, ({ get }) => get('/callback-secret'), signal);
  if (end.kind === 'answered' && end.status === 401) {
    const why =
      service.apiKey === undefined
        ? 'it asks for an API key, and none was given: --api-key KEY'
        : 'it refuses the API key';
    throw new UnfitServiceError(`Cannot load ${service.url}: ${why} (${failureReason(end)})`);
  }
  if (service.apiKey === undefined) return { kind: 'anyone' };
  const secret = secretIn(end);
  return secret ? { kind: 'caller', ...secret } : { kind: 'anyone' };
}

/** What the callbacks of a caller are signed with, where the service tells it: to an operator. */
export async function callerSecrets(
  service: Service,
  callerId: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const path = `/callback-secret?caller_id=${encodeURIComponent(callerId)}`;
  return secretIn(await askService(service, ({ get }) => get(path), signal))?.secrets ?? [];
}

/** One exchange over a connection of its own. */
export async function askService(
  service: Service,
  request: (text: RequestText) => string,
  signal: AbortSignal,
): Promise<ExchangeEnd> {
  signal.throwIfAborted();
  using connection = new HttpConnection(service.url);
  const timer = setTimeout(() => connection.end('no answer in time'), ANSWER_MS_MAX);
  const abort = (): void => connection.end('interrupted');
  signal.addEventListener('abort', abort);
  try {
    const end = await ask(connection, request(requestText(service)));
    signal.throwIfAborted();
    return end;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

function secretIn(
  end: ExchangeEnd,
): { readonly callerId: string; readonly secrets: readonly string[] } | undefined {
  if (end.kind === 'broken' || end.status !== 200) return undefined;
  const body: unknown = JSON.parse(end.body.toString());
  if (!isObject(body) || typeof body.caller_id !== 'string' || !Array.isArray(body.former_secrets))
    return undefined;
  const former = body.former_secrets.filter(isObject).map(({ secret }) => String(secret));
  return { callerId: body.caller_id, secrets: [String(body.secret), ...former] };
}
