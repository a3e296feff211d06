/** Who takes a share of what all clients have together. */
import type { FastifyRequest } from 'fastify';
import { ownCallerId } from './access.ts';
import { clientNetwork } from './client-network.ts';

export type Asking = Pick<FastifyRequest, 'bearer' | 'ip'>;

/** Caller ids are free where there are no keys, addresses are not. */
export function holderOf(request: Asking): string {
  const callerId = ownCallerId(request);
  return callerId === undefined ? `from ${clientNetwork(request.ip)}` : `by ${callerId}`;
}
