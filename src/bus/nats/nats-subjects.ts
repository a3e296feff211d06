/**
 * The names of what replicas say to each other on NATS. All begin with the cluster's name, so that several clusters can share one
 * NATS, and so that a permission for `NAME.>` is enough.
 */

/** A word of a subject: without the characters that mean something there. */
const CLUSTER_NAME = /^[A-Za-z0-9_-]{1,64}$/;

export function isClusterName(name: string): boolean {
  return CLUSTER_NAME.test(name);
}

/** What the replica of a shard is asked. */
export function askSubject(cluster: string, shard: number, topic: string): string {
  return `${cluster}.shard.${shard}.${topic}`;
}

/** What all replicas are told. */
export function announceSubject(cluster: string, topic: string): string {
  return `${cluster}.all.${topic}`;
}

/** Where answers go. */
export function inboxPrefix(cluster: string): string {
  return `${cluster}.inbox`;
}
