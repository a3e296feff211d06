/** Cuts off clients that take nothing of an answer. */
import type { ServerResponse } from 'node:http';

/** Destroys the connection once it is at this answer and nothing of it was taken for `stalledMs`. To be called once for an answer. */
export function cutOffStalled(response: ServerResponse, stalledMs: number): void {
  response.setTimeout(stalledMs, () => response.destroy());
  // Before Node.js gives the connection to the next answer, which may be silent for longer, or sets the timeout for idle ones.
  response.prependOnceListener('finish', () => response.socket?.setTimeout(0));
}
