/**
 * What the operator opens for callbacks beyond the public Internet (`FAIRSIEVE_CALLBACK_ALLOW`). Pure.
 *
 * - A network or an address opens exactly these addresses, for literals and for whatever names lead there. IPv4 in IPv6 notation
 *   (`::ffff:127.0.0.1`) is another network than the IPv4 one.
 * - A host name opens that name, without its subdomains, wherever it leads: the operator vouches for it. It is looked up as this machine
 *   does (hosts file, search domains), so that names of containers work. Its addresses are not opened for other names.
 *
 * Ports are limited all the same.
 */
import ipaddr from 'ipaddr.js';
import { hostNameFault } from './host-name.ts';
import { parseIpAddress, type IpAddress } from './ip-address.ts';

export interface AllowList {
  readonly networks: readonly (readonly [address: IpAddress, prefixBits: number])[];
  /** Lower case, in ASCII form, without a trailing dot. */
  readonly hosts: ReadonlySet<string>;
}

export const EMPTY_ALLOW_LIST: AllowList = { networks: [], hosts: new Set() };

export type ParsedAllowList =
  | { readonly kind: 'ok'; readonly allowList: AllowList }
  /** One for each faulty entry, which it names. */
  | { readonly kind: 'faulty'; readonly faults: readonly string[] };

type Entry =
  | { readonly kind: 'network'; readonly network: readonly [IpAddress, number] }
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'faulty'; readonly reason: string };

/** Reads entries with commas between, such as `127.0.0.0/8,::1,receiver.internal`; spaces around entries don't matter. */
export function parseAllowList(text: string): ParsedAllowList {
  const networks: (readonly [IpAddress, number])[] = [];
  const hosts = new Set<string>();
  const faults: string[] = [];
  for (const part of text.trim() === '' ? [] : text.split(',')) {
    const entry = parseEntry(part.trim());
    if (entry.kind === 'network') networks.push(entry.network);
    else if (entry.kind === 'host') hosts.add(entry.host);
    else faults.push(`${JSON.stringify(part.trim())} ${entry.reason}`);
  }
  return faults.length > 0 ? { kind: 'faulty', faults } : { kind: 'ok', allowList: { networks, hosts } };
}

export function opensAddress({ networks }: AllowList, address: IpAddress): boolean {
  return networks.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
}

function parseEntry(text: string): Entry {
  if (text === '') return faulty('is empty');
  if (text.includes('://')) return faulty('is a URL: give only its host name');
  const address = parseIpAddress(text);
  if (address) return { kind: 'network', network: [address, bitsOf(address)] };
  if (text.includes('/')) return parseNetwork(text);
  if (text.includes('%')) return faulty('has a zone, which cannot be opened');
  if (/^\[.*\]/.test(text)) return faulty('is in brackets: give the bare address');
  if (/:\d+$/.test(text)) return faulty('has a port: give only the host');
  return parseHost(text);
}

function parseNetwork(text: string): Entry {
  const cut = text.indexOf('/');
  const base = parseIpAddress(text.slice(0, cut));
  if (!base) return faulty('is no network: its address must be like 10.0.0.0 or fd00::');
  const most = bitsOf(base);
  const suffix = text.slice(cut + 1);
  const bits = /^\d{1,3}$/.test(suffix) ? Number(suffix) : Number.NaN;
  if (!(bits <= most))
    return faulty(`has the prefix length ${suffix || 'missing'}: it must be from 0 to ${most}`);
  const first = networkAddress(base, bits);
  if (first.toString() !== base.toString())
    return faulty(`has bits set behind its prefix: did you mean ${first.toString()}/${bits}?`);
  return { kind: 'network', network: [base, bits] };
}

function parseHost(text: string): Entry {
  const url = /[@:?#\\\s]/.test(text) ? null : URL.parse(`http://${text}/`);
  if (!url) return faulty('is neither a network, an address nor a host name');
  const host = url.hostname.replace(/\.$/, '');
  if (parseIpAddress(host)) return faulty(`is no canonical address: did you mean ${host}?`);
  const fault = hostNameFault(host);
  return fault === undefined ? { kind: 'host', host } : faulty(`is no host name: ${fault}`);
}

function networkAddress(base: IpAddress, bits: number): IpAddress {
  const bytes = base.toByteArray().map((byte, i) => {
    const kept = Math.min(8, Math.max(0, bits - 8 * i));
    return byte & (0xff00 >> kept) & 0xff;
  });
  return ipaddr.fromByteArray(bytes);
}

function bitsOf(address: IpAddress): number {
  return address.kind() === 'ipv4' ? 32 : 128;
}

function faulty(reason: string): Entry {
  return { kind: 'faulty', reason };
}
