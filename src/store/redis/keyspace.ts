/**
 * What Redis tells of its databases without one having to be selected: which hold keys (INFO keyspace), and which have a replica
 * connected to them (the names in CLIENT LIST). Pure.
 */

/** How many keys each database holds that holds any, of the text of `INFO keyspace`. */
export function keyCounts(info: string): Map<number, number> {
  const matches = info.matchAll(/^db(\d+):keys=(\d+)/gm);
  return new Map([...matches].map(([, database, count]) => [Number(database), Number(count)]));
}

/** The name of a replica's connection to its database, or to one that it is about to claim. */
export function connectionName(database: number): string {
  return `fairsieve:${database}`;
}

/** The databases that replicas are connected to, of the text of `CLIENT LIST`. */
export function connectedDatabases(clients: string): Set<number> {
  return new Set([...clients.matchAll(/(?:^| )name=fairsieve:(\d+) /gm)].map((match) => Number(match[1])));
}

/**
 * The databases whose replicas live, of the text of `CLIENT LIST`: those that have said something within `silentMsMax`. One whose machine
 * is gone leaves its connection behind for minutes.
 */
export function livingDatabases(clients: string, silentMsMax: number): number[] {
  const living = clients
    .split('\n')
    .filter((line) => Number(/ idle=(\d+) /.exec(line)?.[1] ?? 0) * 1_000 < silentMsMax);
  return [...connectedDatabases(living.join('\n'))].toSorted((a, b) => a - b);
}

/** A field of `INFO`, such as `redis_version`; undefined if it is not there. */
export function infoText(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}

/** … as a number, such as `used_memory`. */
export function infoNumber(info: string, name: string): number | undefined {
  const text = infoText(info, name);
  return text === undefined ? undefined : Number(text);
}
