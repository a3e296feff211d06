/**
 * Decides which URLs callbacks may go to, as far as the URL itself tells; where names lead is judged at each dial (`dialer.ts`). Pure.
 *
 * Invariants:
 *   U1. An accepted URL is normalised (WHATWG URL, so `http://0x7f.1/` has become `http://127.0.0.1/`), free of credentials and fragment,
 *       and accepted again, unchanged, under the same policy.
 *   U2. Reasons never tell credentials, path or query: they may be secrets.
 */
import type { AllowList } from './allow-list.ts';
import { judgeAddress } from './address-guard.ts';
import { hostNameFault } from './host-name.ts';
import { parseIpAddress } from './ip-address.ts';
import { includesPort, portRangesText, type PortRange } from './port-ranges.ts';

export interface CallbackPolicy {
  readonly allowList: AllowList;
  readonly ports: readonly PortRange[];
}

/** Most characters of a URL, as it is given and as it is normalised. */
export const CALLBACK_URL_CHARS_MAX = 2_048;

export type CallbackUrlFault =
  | 'too_long'
  | 'malformed'
  | 'scheme'
  | 'credentials'
  | 'fragment'
  | 'port'
  | 'address'
  | 'host_name';

export type CallbackUrlVerdict =
  | {
      readonly kind: 'ok';
      /** Normalised. */
      readonly url: string;
      /** An address without brackets, or a name in lower case and ASCII form. */
      readonly hostname: string;
      readonly port: number;
    }
  /** `reason` completes the sentence "Cannot accept callback_url: …". */
  | { readonly kind: 'refused'; readonly fault: CallbackUrlFault; readonly reason: string };

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** Names that lead to no public host: RFC 6761, 6762 (mDNS), 7686 (Tor), 8375, 9476, and ICANN's choice for private use. */
const PRIVATE_SUFFIXES: readonly string[] = [
  'localhost',
  'local',
  'internal',
  'home.arpa',
  'onion',
  'alt',
  'invalid',
  'test',
];

export function judgeCallbackUrl(text: string, policy: CallbackPolicy): CallbackUrlVerdict {
  if (text.length > CALLBACK_URL_CHARS_MAX) return tooLong(text.length, '');
  // The parser would silently remove them.
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u0020\u007f]/.test(text)) return refused('malformed', 'it has blanks or control characters');
  const url = URL.parse(text);
  if (!url) return refused('malformed', 'it is no absolute URL with a valid host');
  const defaultPort = DEFAULT_PORTS[url.protocol];
  if (defaultPort === undefined)
    return refused('scheme', `its scheme is ${abbreviated(url.protocol)}, only http: and https: are allowed`);
  if (url.username !== '' || url.password !== '')
    return refused('credentials', 'it has a user name or password, none are allowed');
  if (url.hash !== '' || text.includes('#'))
    return refused('fragment', 'it has a fragment (#), which is never sent to a server');
  // The root's dot would be in the Host header and in no certificate.
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1);
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const hostFault = judgeHost(hostname, policy.allowList);
  if (hostFault) return hostFault;
  const port = url.port === '' ? defaultPort : Number(url.port);
  if (!includesPort(policy.ports, port))
    return refused('port', `its port is ${port}, only ${portRangesText(policy.ports)} are allowed`);
  if (url.href.length > CALLBACK_URL_CHARS_MAX) return tooLong(url.href.length, ' when normalised');
  return { kind: 'ok', url: url.href, hostname, port };
}

/** For lists and logs: the URL up to its query, which often carries secrets. Takes any text, and leaves out credentials too. */
export function withoutQuery(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? `${parsed.protocol}//${parsed.host}${parsed.pathname}` : '(no URL)';
}

function judgeHost(hostname: string, allowList: AllowList): CallbackUrlVerdict | undefined {
  if (parseIpAddress(hostname)) {
    const verdict = judgeAddress(hostname, allowList);
    return verdict.kind === 'open'
      ? undefined
      : refused('address', `its host ${hostname} is ${verdict.range} address, only public ones are allowed`);
  }
  const fault = hostNameFault(hostname);
  if (fault !== undefined)
    return refused('host_name', `its host ${abbreviated(hostname)} is no name: ${fault}`);
  if (allowList.hosts.has(hostname)) return undefined;
  if (!hostname.includes('.'))
    return refused(
      'host_name',
      `its host ${hostname} is a name without a dot, only public names are allowed`,
    );
  const suffix = PRIVATE_SUFFIXES.find((name) => hostname.endsWith(`.${name}`));
  return suffix === undefined
    ? undefined
    : refused('host_name', `its host ${abbreviated(hostname)} is no public name: it ends in .${suffix}`);
}

function tooLong(chars: number, when: string): CallbackUrlVerdict {
  return refused(
    'too_long',
    `it has ${chars} characters${when}, at most ${CALLBACK_URL_CHARS_MAX} are allowed`,
  );
}

function refused(fault: CallbackUrlFault, reason: string): CallbackUrlVerdict {
  return { kind: 'refused', fault, reason };
}

function abbreviated(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}
