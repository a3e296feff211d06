/**
 * Decides which IP addresses callbacks may go to: those of the public Internet, and what the operator opens. Pure.
 *
 * Invariants:
 *   G1. What is not known to be public unicast is closed: unknown IPv6 space (RFC 4291: only 2000::/3 is given out), unreadable text.
 *   G2. Addresses that carry another address inside (IPv4-mapped, IPv4-compatible, NAT64, 6to4, Teredo) are closed whatever they carry.
 *       A network whose only way to IPv4 is NAT64 opens its prefix, such as 64:ff9b::/96.
 */
import ipaddr from 'ipaddr.js';
import { opensAddress, type AllowList } from './allow-list.ts';
import { ipAddressOfBytes, parseIpAddress, type IpAddress } from './ip-address.ts';

export type AddressVerdict =
  | { readonly kind: 'open' }
  /** `range` completes the sentence "It is … address". */
  | { readonly kind: 'closed'; readonly range: string };

/** `address` as canonical text, or as 4 or 16 bytes in network order. */
export function judgeAddress(address: string | Uint8Array, allowList: AllowList): AddressVerdict {
  const parsed = typeof address === 'string' ? parseIpAddress(address) : ipAddressOfBytes(address);
  if (!parsed) return { kind: 'closed', range: 'an unreadable' };
  if (opensAddress(allowList, parsed)) return { kind: 'open' };
  const range = closedRange(parsed);
  return range === undefined ? { kind: 'open' } : { kind: 'closed', range };
}

/** How ranges of ipaddr.js (after the IANA registries of special-purpose addresses) are told to people. */
const RANGE_WORDS: Readonly<Record<string, string>> = {
  unspecified: 'an unspecified',
  broadcast: 'a broadcast',
  multicast: 'a multicast',
  linkLocal: 'a link-local',
  loopback: 'a loopback',
  carrierGradeNat: 'a carrier-grade NAT',
  private: 'a private',
  uniqueLocal: 'a private',
  deprecatedSiteLocal: 'a site-local',
  benchmarking: 'a benchmarking',
  ipv4Mapped: 'an IPv4-mapped',
  rfc6145: 'an IPv4-translated',
  rfc6052: 'a NAT64',
  '6to4': 'a 6to4',
  teredo: 'a Teredo',
};
const OTHER_WORDS = 'a reserved';

/** Closed beyond what ipaddr.js knows. */
const MORE_CLOSED: readonly (readonly [network: string, words: string])[] = [
  // The platform's own services, at an address that looks public (Azure; also its metadata).
  ['168.63.129.16/32', "a cloud platform's"],
  ['::/96', 'an IPv4-compatible'],
];
const MORE_CLOSED_PARSED = MORE_CLOSED.map(
  ([network, words]) => [...ipaddr.parseCIDR(network), words] as const,
);
const [GLOBAL_UNICAST, GLOBAL_UNICAST_BITS] = ipaddr.IPv6.parseCIDR('2000::/3');

function closedRange(address: IpAddress): string | undefined {
  const range = address.range();
  if (range !== 'unicast') return RANGE_WORDS[range] ?? OTHER_WORDS;
  for (const [base, bits, words] of MORE_CLOSED_PARSED)
    if (base.kind() === address.kind() && address.match(base, bits)) return words;
  const isKnown = address.kind() === 'ipv4' || address.match(GLOBAL_UNICAST, GLOBAL_UNICAST_BITS);
  return isKnown ? undefined : OTHER_WORDS;
}
