/** What every request must have right before a route sees it. */
import type { FastifyInstance } from 'fastify';
import { HttpProblem } from './problem.ts';
import { BadQuery } from './query.ts';

/** Refuses a query that cannot be decoded, and HTTP/1.1 without a host (RFC 9112, section 3.2). */
export function checkRequestHeads(app: FastifyInstance): void {
  app.addHook('onRequest', ({ query, raw }, _reply, done) => {
    if (query instanceof BadQuery) done(new HttpProblem('query_invalid', query.fault));
    else if (raw.headers.host === undefined && raw.httpVersion === '1.1')
      done(new HttpProblem('request_malformed', 'The request has no Host header, which HTTP/1.1 asks for'));
    else done();
  });
}
