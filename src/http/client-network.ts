/** Whom a connection is from, as far as its address tells. Pure. */
import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Whoever has one address of IPv6 has those of a network at least (RFC 6177): all that begin with the same 64 bits. */
const NETWORK_BYTES = 8;

/** The same for two addresses (as `remoteAddress` has them) that one client may have, and different for most that belong to different ones. */
export function clientNetwork(address: string | undefined): string {
  if (address === undefined || !address.includes(':') || address.startsWith('::ffff:')) return address ?? '';
  const [withoutZone = ''] = address.split('%');
  if (!isIPv6(withoutZone)) return address;
  return ipaddr.IPv6.parse(withoutZone).toByteArray().slice(0, NETWORK_BYTES).join('.');
}
