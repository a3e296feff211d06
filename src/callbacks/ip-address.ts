/** IP addresses as bytes, read from their canonical text only. Pure. */
import ipaddr from 'ipaddr.js';

export type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * The address that `text` writes: four decimal parts without leading zeros, or IPv6 without a zone. Undefined for everything else:
 * other notations (octal, hexadecimal, fewer parts) mean different addresses to different programs, and a zone names an interface
 * of this machine.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  // ipaddr.js takes ::8.8.8.8 for ::ffff:8.8.8.8, so it gets no dots to see.
  const hex = text.replace(/[^:]*\..*$/, hexGroups);
  return !hex.includes('%') && ipaddr.IPv6.isValid(hex) ? ipaddr.IPv6.parse(hex) : undefined;
}

/** The address of 4 or 16 bytes in network order; undefined for any other number of bytes. */
export function ipAddressOfBytes(bytes: Uint8Array): IpAddress | undefined {
  return bytes.length === 4 || bytes.length === 16 ? ipaddr.fromByteArray([...bytes]) : undefined;
}

/** The two groups of IPv6 that four decimal parts stand for; what are none makes the whole unreadable. */
function hexGroups(text: string): string {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return '%';
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(text).octets;
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
