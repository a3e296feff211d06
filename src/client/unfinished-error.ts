/** There is no answer: the request failed, was cancelled, or is still under way at the end of the time given. `request` says which. */
import type { RequestBody } from '../contract/request-body.ts';

export class UnfinishedError extends Error {
  override readonly name = 'UnfinishedError';
  /** As it was last seen. */
  readonly request: RequestBody;

  constructor(request: RequestBody) {
    const why = request.error ? `: ${request.error.reason}` : '';
    super(`Request ${request.request_id} has no answer, it is ${request.status}${why}`);
    this.request = request;
  }
}
