/** Ports that callbacks may go to (`FAIRSIEVE_CALLBACK_PORTS`). Pure. */

export type PortRange = readonly [first: number, last: number];

/** The web's own, and those that need no privilege: not the ports of mail, shells and name servers. */
export const DEFAULT_PORT_RANGES: readonly PortRange[] = [
  [80, 80],
  [443, 443],
  [1_024, 65_535],
];

const PORT_MAX = 65_535;

export type ParsedPortRanges =
  | { readonly kind: 'ok'; readonly ranges: readonly PortRange[] }
  /** One for each faulty entry, which it names. */
  | { readonly kind: 'faulty'; readonly faults: readonly string[] };

/** Reads ports and ranges with commas between, such as `80,443,1024-65535`; spaces around entries don't matter. */
export function parsePortRanges(text: string): ParsedPortRanges {
  const ranges: PortRange[] = [];
  const faults: string[] = [];
  for (const part of text.split(',')) {
    const entry = part.trim();
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(entry);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (first >= 1 && first <= last && last <= PORT_MAX) ranges.push([first, last]);
    else faults.push(`${JSON.stringify(entry)} is no port or range of ports from 1 to ${PORT_MAX}`);
  }
  return faults.length > 0 ? { kind: 'faulty', faults } : { kind: 'ok', ranges };
}

export function includesPort(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some(([first, last]) => first <= port && port <= last);
}

/** As `parsePortRanges` reads it, for people. */
export function portRangesText(ranges: readonly PortRange[]): string {
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}
