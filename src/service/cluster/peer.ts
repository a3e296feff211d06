/** A replica of this cluster, as it tells the others of itself. */

/**
 * The version of all that replicas say to each other. One that speaks another is not asked for anything: raise it with every change
 * after which replicas of both versions would misunderstand each other.
 */
export const PROTOCOL = 2;

/**
 * `catching_up`: it applies what it missed while it was away. `working`: it takes part in everything. `leaving`: it hands over what it
 * holds, and takes nothing more.
 */
export const STAGES = ['catching_up', 'working', 'leaving'] as const;
export type Stage = (typeof STAGES)[number];

export interface Peer {
  readonly shard: number;
  readonly name: string;
  readonly protocol: number;
  readonly stage: Stage;
  /** Requests that wait there. */
  readonly load: number;
  /** The fingerprint of the master key with which it signs callbacks; it tells none before it can sign. */
  readonly callbackKey?: string;
}
