/**
 * What large answers hold until their clients have taken them, so that slow readers cannot fill the memory. Bodies that arrive are
 * bounded likewise (json-body.ts).
 *
 * Invariants:
 *   U1. Of what may be refused, nothing is held beyond `bytesMax` together.
 *   U2. Every answer is let go when it is sent, when its client goes away, or when that takes nothing for `stalledMs`.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { unavailable } from './unavailable.ts';

export interface UnsentAnswersOptions {
  /** What all answers may hold together that are larger than `freeBytes` each. */
  readonly bytesMax: number;
  readonly freeBytes: number;
  /** A client that takes nothing for so long is as good as gone. */
  readonly stalledMs: number;
}

export class UnsentAnswers {
  readonly #options: UnsentAnswersOptions;
  #bytes = 0;

  constructor(options: UnsentAnswersOptions) {
    this.#options = options;
  }

  /** Sends a body. Throws an HttpProblem (`overloaded`) where there is no room to hold it. */
  send(reply: FastifyReply, text: string): FastifyReply {
    const body = Buffer.from(text);
    this.hold(reply.raw, body.length);
    return reply.send(body);
  }

  /** Sends what can't be refused any more, since it tells of something done. */
  sendAnyway(reply: FastifyReply, text: string): FastifyReply {
    const body = Buffer.from(text);
    if (body.length > this.#options.freeBytes) this.#charge(reply.raw, body.length);
    return reply.send(body);
  }

  /** For an answer that holds up to `bytes` at a time. Throws an HttpProblem (`overloaded`) where there is no room. */
  hold(response: ServerResponse, bytes: number): void {
    if (bytes <= this.#options.freeBytes) return;
    if (this.#bytes + bytes > this.#options.bytesMax) throw unavailable('overloaded', 1_000, TOO_MUCH);
    this.#charge(response, bytes);
  }

  #charge(response: ServerResponse, bytes: number): void {
    // It will not say again that it has gone.
    if (response.destroyed) return;
    this.#bytes += bytes;
    response.once('close', () => (this.#bytes -= bytes));
    response.setTimeout(this.#options.stalledMs, () => response.destroy());
  }
}

const TOO_MUCH = 'Too much is waiting to be taken by clients that read slowly';
