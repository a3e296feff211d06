/**
 * What large answers hold until their clients have taken them, so that slow readers cannot fill the memory. Bodies that arrive are
 * bounded likewise (json-body.ts).
 *
 * Invariants:
 *   U1. Of what may be refused, nothing is held beyond `bytesMax` together, and no client is given more than was free.
 *   U2. Every answer is let go when it is sent, when its client goes away, or when that takes nothing for `stalledMs`, counted from its
 *       turn on the connection. Of those behind it, Node.js 26 and later tells that the client has gone as well.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { SharedPlaces } from '../base/shared-places.ts';
import { cutOffStalled } from './cut-off-stalled.ts';
import { holderOf, type Asking } from './holder-of.ts';
import { unavailable } from './unavailable.ts';

export interface UnsentAnswersOptions {
  /** What all answers may hold together that are larger than `freeBytes` each. */
  readonly bytesMax: number;
  readonly freeBytes: number;
  /** A client that takes nothing for so long is as good as gone. */
  readonly stalledMs: number;
}

type Answer = Pick<FastifyReply, 'raw' | 'request'>;

export class UnsentAnswers {
  readonly #options: UnsentAnswersOptions;
  readonly #bytes: SharedPlaces;
  readonly #held = new Map<ServerResponse, number>();

  constructor(options: UnsentAnswersOptions) {
    this.#options = options;
    this.#bytes = new SharedPlaces(options.bytesMax);
  }

  /** Before an answer is looked up that is likely to be large: throws an HttpProblem (`overloaded`) where its client has no room for any. */
  refuseFull(request: Asking): void {
    if (!this.#bytes.hasRoom(holderOf(request), this.#options.freeBytes + 1)) throw tooMuch();
  }

  /** Sends a body, and headers that a refusal must not have. Throws an HttpProblem (`overloaded`) where there is no room to hold it. */
  send(reply: FastifyReply, text: string, headers: Readonly<Record<string, string>> = {}): FastifyReply {
    const body = Buffer.from(text);
    this.hold(reply, body.length);
    return reply.headers(headers).send(body);
  }

  /** Sends what can't be refused any more, since it tells of something done. */
  sendAnyway(reply: FastifyReply, text: string): FastifyReply {
    const body = Buffer.from(text);
    if (body.length > this.#options.freeBytes && !reply.raw.destroyed) {
      const holder = holderOf(reply.request);
      this.#bytes.takeAnyway(holder, body.length);
      this.#keep(reply.raw, holder, body.length);
    }
    return reply.send(body);
  }

  /**
   * For an answer that holds up to `bytes` at a time. What it was let hold before counts: more of it may be asked for later.
   * Throws an HttpProblem (`overloaded`) where there is no room.
   */
  hold({ raw: response, request }: Answer, bytes: number): void {
    const heldBytes = this.#held.get(response) ?? 0;
    // One that has been destroyed will not say again that it has gone.
    if (bytes <= Math.max(this.#options.freeBytes, heldBytes) || response.destroyed) return;
    const holder = holderOf(request);
    if (!this.#bytes.take(holder, bytes - heldBytes)) throw tooMuch();
    this.#keep(response, holder, bytes);
  }

  /** Remembers what was taken for an answer, all in all, until it can be given back. */
  #keep(response: ServerResponse, holder: string, bytes: number): void {
    const isNew = !this.#held.has(response);
    this.#held.set(response, bytes);
    if (!isNew) return;
    cutOffStalled(response, this.#options.stalledMs);
    response.once('close', () => {
      this.#bytes.giveBack(holder, this.#held.get(response));
      this.#held.delete(response);
    });
  }
}

function tooMuch(): Error {
  return unavailable('overloaded', 1_000, 'Too much is waiting to be taken by clients that read slowly');
}
