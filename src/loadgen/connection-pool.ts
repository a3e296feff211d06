/**
 * Connections to one service, at most so many; exchanges beyond them wait their turn, first come first served.
 *
 * Invariant: every exchange ends exactly once, at the latest when the pool is ended.
 */
import { Fifo } from './fifo.ts';
import { HttpConnection, type OnEnd } from './http-connection.ts';

interface Exchange {
  readonly request: string;
  readonly onEnd: OnEnd;
  readonly onBegin: (() => void) | undefined;
  readonly onHead: (() => void) | undefined;
}

export class ConnectionPool {
  readonly #connections: readonly HttpConnection[];
  readonly #free: HttpConnection[];
  readonly #waiting = new Fifo<Exchange>();
  #waits = 0;
  #endReason: string | undefined;

  constructor(url: string, connectionsMax: number) {
    this.#connections = Array.from({ length: connectionsMax }, () => new HttpConnection(url));
    // The first of them is taken first, so that no more are opened than are needed.
    this.#free = this.#connections.toReversed();
  }

  /** Exchanges that wait for a connection. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** How many ever had to. */
  get waits(): number {
    return this.#waits;
  }

  /** `request` as `HttpConnection` takes it. `onBegin` is told when it has its connection. */
  exchange(request: string, onEnd: OnEnd, onBegin?: () => void, onHead?: () => void): void {
    if (this.#endReason !== undefined) return onEnd({ kind: 'broken', reason: this.#endReason });
    const exchange = { request, onEnd, onBegin, onHead };
    const connection = this.#free.pop();
    if (connection) this.#begin(connection, exchange);
    else {
      this.#waits++;
      this.#waiting.push(exchange);
    }
    return undefined;
  }

  /** Ends exchanges that have had their connection for longer than `msMax`. To be called from time to time. */
  expire(msMax: number, reason: string): void {
    for (const connection of this.#connections) connection.expire(msMax, reason);
  }

  /** Closes all connections; what is under way or waits, or comes later, ends as broken for this reason. */
  end(reason: string): void {
    this.#endReason = reason;
    for (const connection of this.#connections) connection.end(reason);
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
      next.onEnd({ kind: 'broken', reason });
  }

  #begin(connection: HttpConnection, { request, onEnd, onBegin, onHead }: Exchange): void {
    onBegin?.();
    connection.exchange(
      request,
      (end) => {
        onEnd(end);
        // While it is refused at once, the next one must not begin in the same turn: the stack would grow with each.
        if (end.kind === 'broken') setImmediate(() => this.#goOn(connection));
        else this.#goOn(connection);
      },
      onHead,
    );
  }

  #goOn(connection: HttpConnection): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(connection);
    else this.#begin(connection, next);
  }
}
