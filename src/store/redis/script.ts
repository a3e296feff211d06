/** Lua scripts for Redis: what runs as one step there, between any two commands of others. */
import { createHash } from 'node:crypto';

export interface Script {
  readonly source: string;
  /** What Redis calls it by once it has seen it. */
  readonly sha1: string;
}

export function script(source: string): Script {
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}
