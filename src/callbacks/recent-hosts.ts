/**
 * State by host, for as long as the host is in use: what was not used for `IDLE_MS` goes, and with more than `HOSTS_MAX` whatever was
 * used longest ago. Pure: time is passed in, and must not go back.
 */

/** Longer than any state of a host matters. */
export const IDLE_MS = 15 * 60_000;
export const HOSTS_MAX = 10_000;

export class RecentHosts<State> {
  /** In the order of last use. */
  readonly #hosts = new Map<string, { readonly state: State; usedMs: number }>();

  get size(): number {
    return this.#hosts.size;
  }

  /** The state of a host if there is one; asking is no use of it. */
  peek(host: string): State | undefined {
    return this.#hosts.get(host)?.state;
  }

  /** The state of a host, made if there is none. */
  use(host: string, nowMs: number, make: () => State): State {
    const entry = this.#hosts.get(host) ?? { state: make(), usedMs: nowMs };
    entry.usedMs = nowMs;
    this.#hosts.delete(host);
    this.#hosts.set(host, entry);
    this.forgetIdle(nowMs);
    return entry.state;
  }

  delete(host: string): void {
    this.#hosts.delete(host);
  }

  /** Happens with each use too; for times when there is none. */
  forgetIdle(nowMs: number): void {
    for (const [host, { usedMs }] of this.#hosts) {
      if (this.#hosts.size <= HOSTS_MAX && nowMs - usedMs < IDLE_MS) return;
      this.#hosts.delete(host);
    }
  }
}
