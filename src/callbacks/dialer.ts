/**
 * Opens connections for callbacks, to public addresses and what the operator opened only.
 *
 * Invariants:
 *   D1. A URL that would not be accepted now is not dialled, whenever it was accepted.
 *   D2. The connection goes to one of the addresses that were judged for this very attempt; nothing looks the name up again. Once it
 *       stands, the address at its other end is judged too, before a byte is sent.
 *   D3. The certificate is checked against the name of the URL, which is also the one told to the server (SNI).
 *   D4. No connection outlives a failed dial.
 */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { judgeAddress } from './address-guard.ts';
import { judgeCallbackUrl, type CallbackPolicy } from './callback-url.ts';
import { errorCode, failure, type CallbackFailure, type CallbackInability } from './callback-outcome.ts';
import { Deadline } from './deadline.ts';
import { resolveName } from './name-resolution.ts';

export interface DialerOptions {
  readonly policy: CallbackPolicy;
  /** Name servers, as `address` or `address:port`; those of this machine by default. */
  readonly dnsServers?: readonly string[];
  /** Certificates (PEM) that are trusted instead of the usual authorities. */
  readonly ca?: string;
  /** Longest look-up of a name. */
  readonly resolveMs?: number;
  /** Longest time until the connection stands, TLS handshake included. */
  readonly connectMs?: number;
}

export type Dialled =
  | { readonly kind: 'connected'; readonly socket: net.Socket; readonly url: URL }
  | CallbackInability
  | CallbackFailure;

const RESOLVE_MS_DEFAULT = 5_000;
const CONNECT_MS_DEFAULT = 5_000;
/** A name with hundreds of addresses must not make a port scanner of us. Of each family. */
const ADDRESSES_TRIED_MAX = 2;

export class Dialer {
  readonly #policy: CallbackPolicy;
  readonly #dnsServers: readonly string[] | undefined;
  readonly #resolveMs: number;
  readonly #connectMs: number;
  /** Shared, since making one takes a third of a millisecond. */
  readonly #secureContext: tls.SecureContext;

  constructor({ policy, dnsServers, ca, resolveMs, connectMs }: DialerOptions) {
    this.#policy = policy;
    this.#dnsServers = dnsServers;
    this.#resolveMs = resolveMs ?? RESOLVE_MS_DEFAULT;
    this.#connectMs = connectMs ?? CONNECT_MS_DEFAULT;
    this.#secureContext = tls.createSecureContext(ca === undefined ? {} : { ca });
  }

  /** A connection over which nothing was said yet; whoever gets it destroys it. Ends early when `signal` aborts. Never rejects. */
  async dial(callbackUrl: string, signal: AbortSignal): Promise<Dialled> {
    const verdict = judgeCallbackUrl(callbackUrl, this.#policy);
    if (verdict.kind === 'refused')
      return failure('address_refused', `the URL is not allowed: ${verdict.reason}`);
    const { hostname, port } = verdict;
    const url = new URL(verdict.url);
    const { allowList } = this.#policy;
    const resolution =
      net.isIP(hostname) > 0
        ? { kind: 'addresses' as const, addresses: [hostname] }
        : await resolveName(
            hostname,
            { allowList, dnsServers: this.#dnsServers, resolveMs: this.#resolveMs },
            signal,
          );
    if (resolution.kind === 'failed') return resolution;
    const target = { hostname, port, addresses: resolution.addresses };
    using deadline = new Deadline(this.#connectMs, signal);
    const mayStand = (address: string): boolean =>
      allowList.hosts.has(hostname) || judgeAddress(address, allowList).kind === 'open';
    const connected = await connect(target, mayStand, deadline);
    if (connected.kind !== 'connected') return connected;
    const { socket } = connected;
    const secured =
      url.protocol === 'https:' ? await secure(socket, hostname, this.#secureContext, deadline) : connected;
    return secured.kind === 'connected' ? { kind: 'connected', socket: secured.socket, url } : secured;
  }
}

type Connected =
  | { readonly kind: 'connected'; readonly socket: net.Socket }
  | CallbackInability
  | CallbackFailure;

/** No more files here or in all of the system, no memory for a connection, no network: whoever was to be called has nothing to do with it. */
const OWN_FAULTS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'ENETDOWN']);

export interface Target {
  readonly hostname: string;
  readonly port: number;
  /** Judged already. */
  readonly addresses: readonly string[];
}

/** A TCP connection to one of the addresses, if `mayStand` agrees with where it has ended up. */
export async function connect(
  { hostname, port, addresses }: Target,
  mayStand: (address: string) => boolean,
  deadline: Deadline,
): Promise<Connected> {
  // Node races several addresses (RFC 8305), and asks this function in place of a name server, unless the host is an address itself.
  const pinned: net.LookupFunction = (_name, _options, answer) =>
    answer(
      null,
      [4, 6].flatMap((family) =>
        addresses
          .filter((address) => net.isIP(address) === family)
          .slice(0, ADDRESSES_TRIED_MAX)
          .map((address) => ({ address, family })),
      ),
    );
  const socket = net.connect({ host: hostname, port, lookup: pinned, autoSelectFamily: true, noDelay: true });
  const error = await settled(socket, 'connect', deadline);
  if (error !== undefined) {
    const code = errorCode(error);
    if (OWN_FAULTS.has(code)) return { kind: 'unable', code };
    return deadlineFailure(deadline) ?? failure('connect', 'no connection', code);
  }
  if (mayStand(socket.remoteAddress ?? '')) return { kind: 'connected', socket };
  socket.destroy();
  return failure('address_refused', `the connection to ${hostname} led to an address that is not allowed`);
}

async function secure(
  socket: net.Socket,
  hostname: string,
  secureContext: tls.SecureContext,
  deadline: Deadline,
): Promise<Connected> {
  // An address is no server name (RFC 6066), yet the certificate must have it.
  const servername = net.isIP(hostname) > 0 ? {} : { servername: hostname };
  const secured = tls.connect({
    socket,
    host: hostname,
    ...servername,
    secureContext,
    ALPNProtocols: ['http/1.1'],
  });
  const error = await settled(secured, 'secureConnect', deadline);
  if (error === undefined) return { kind: 'connected', socket: secured };
  socket.destroy();
  return deadlineFailure(deadline) ?? failure('tls', 'the TLS handshake failed', errorCode(error));
}

/** Waits for the event; returns what went wrong instead, having destroyed the socket. */
async function settled(socket: net.Socket, event: string, { signal }: Deadline): Promise<unknown> {
  // Also for errors that come while nobody else listens: they would end the process.
  socket.on('error', () => {});
  try {
    await once(socket, event, { signal });
    return undefined;
  } catch (error) {
    socket.destroy();
    return error;
  }
}

function deadlineFailure({ signal, ms }: Deadline): CallbackFailure | undefined {
  return signal.aborted ? failure('timeout', `not connected within ${ms} ms`) : undefined;
}
