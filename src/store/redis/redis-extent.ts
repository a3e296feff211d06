/**
 * How large the store may become in Redis: by its own bound, and by the memory that Redis has left, of which each replica that is there
 * may use an equal part.
 */
import type { Extent } from '../sqlite/room.ts';
import { connectedDatabases, infoNumber } from './keyspace.ts';
import { allowed, type RedisLink } from './redis-link.ts';

/** Bytes of memory in Redis for each byte of the working copy. */
const MEMORY_PER_BYTE = 1.5;

export class RedisExtent {
  readonly #link: RedisLink;
  readonly #bytesMax: number;
  #memory: Memory = { used: 0, max: Infinity, replicas: 1 };

  /** `bytesMax`: most bytes of the working copy. */
  constructor(link: RedisLink, bytesMax: number) {
    this.#link = link;
    this.#bytesMax = bytesMax;
  }

  /** By the last look at Redis; `bytes` of the working copy are in use. */
  of(bytes: number): Extent {
    const { used, max, replicas } = this.#memory;
    const share = 1 / (replicas * MEMORY_PER_BYTE);
    return {
      bytesEnd: Math.min(this.#bytesMax, bytes + (max - used) * share),
      size: Math.min(this.#bytesMax, max * share),
    };
  }

  /** Looks at Redis; where it cannot be asked, what was seen last holds. */
  async look(): Promise<void> {
    try {
      const info = String(await this.#link.send(['INFO', 'memory']));
      // Where that may not be asked for, as if there were no others.
      const clients = String(await allowed(this.#link.send(['CLIENT', 'LIST']), ''));
      const replicas = connectedDatabases(clients).size;
      this.#memory = {
        used: infoNumber(info, 'used_memory') ?? 0,
        max: infoNumber(info, 'maxmemory') || Infinity,
        replicas: Math.max(1, replicas),
      };
    } catch {
      // Writes are refused by Redis itself if need be.
    }
  }
}

interface Memory {
  readonly used: number;
  readonly max: number;
  readonly replicas: number;
}
