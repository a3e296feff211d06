/** Where NATS is and how one shows who one is, as a URL says it. Pure. */

export interface NatsAddress {
  /** Each with its port; an IPv6 address in brackets. At least one. */
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** Whether nothing is said unless by TLS. If not, TLS is used where the server offers it. */
  readonly tls: boolean;
}

export type ParsedNatsUrl =
  | { readonly kind: 'ok'; readonly address: NatsAddress }
  /** Completes the sentence "It must be …"; repeats no password. */
  | { readonly kind: 'fault'; readonly must: string };

const PORT_DEFAULT = 4222;
const FORM = 'a URL such as nats://nats:4222, tls://user:password@nats:4222 or nats://token@a:4222,b:4222';

/**
 * Reads `nats://` or `tls://`, then `user:password@`, `token@` or nothing, and one or more servers with commas between. What would
 * mean something in a URL stands percent-encoded in user, password and token. Servers after the first may repeat the scheme, as is
 * usual with NATS, but bring nothing else of their own.
 */
export function parseNatsUrl(text: string): ParsedNatsUrl {
  const [first = '', ...rest] = text.split(',').map((part) => part.trim());
  const url = readUrl(first);
  const scheme = url?.protocol ?? '';
  const others = rest.map((part) => readUrl(part.includes('://') ? part : `${scheme}//${part}`));
  if (
    !url ||
    !isServer(url) ||
    !others.every((other) => other && isServer(other) && other.protocol === scheme)
  )
    return { kind: 'fault', must: FORM };
  if (others.some((other) => other?.username || other?.password))
    return { kind: 'fault', must: `${FORM}: user, password or token stand once, before the first server` };
  const credentials = credentialsOf(url);
  if (!credentials) return { kind: 'fault', must: `${FORM}, with percent signs only as in %40` };
  const servers = [url, ...others].map((each) => `${each?.hostname}:${each?.port || PORT_DEFAULT}`);
  return { kind: 'ok', address: { servers, ...credentials, tls: scheme === 'tls:' } };
}

function readUrl(text: string): URL | undefined {
  return URL.parse(text) ?? undefined;
}

function isServer({ protocol, hostname, pathname, search, hash }: URL): boolean {
  const isBare = (pathname === '' || pathname === '/') && search === '' && hash === '';
  return (protocol === 'nats:' || protocol === 'tls:') && hostname !== '' && isBare;
}

/** Undefined where they cannot be decoded. */
function credentialsOf({
  username,
  password,
}: URL): Pick<NatsAddress, 'user' | 'password' | 'token'> | undefined {
  try {
    const name = decodeURIComponent(username);
    if (password !== '') return { user: name, password: decodeURIComponent(password) };
    return name === '' ? {} : { token: name };
  } catch {
    return undefined;
  }
}
