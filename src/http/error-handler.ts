/** Whatever goes wrong with a request ends here, Fastify's own errors included, and leaves as a problem. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../domain/error-code.ts';
import { UnavailableError } from '../service/unavailable-error.ts';
import type { HttpLogger } from './http-logger.ts';
import { HttpProblem, PROBLEM_CONTENT_TYPE, problemBody } from './problem.ts';
import { unavailable } from './unavailable.ts';

/** Fastify's error codes that a client can cause, with what they are called here. */
const FRAMEWORK_ERRORS: Readonly<Record<string, readonly [ErrorCode, (request: FastifyRequest) => string]>> =
  {
    FST_ERR_CTP_INVALID_MEDIA_TYPE: ['content_type_unsupported', wrongContentType],
    FST_ERR_CTP_EMPTY_TYPE: ['content_type_unsupported', wrongContentType],
    FST_ERR_BAD_URL: ['request_malformed', () => 'The path has a percent sign that encodes nothing'],
    FST_ERR_NOT_FOUND: ['route_not_found', nothingThere],
  };

export function errorHandler(logger: HttpLogger) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = asProblem(error, request);
    if (problem.code === 'internal')
      logger.error({ err: error, method: request.method, url: request.url }, 'A request failed');
    // Fastify closes the connection after a body that it could not take; one that was read to its end does no harm.
    if (request.raw.complete) reply.removeHeader('connection');
    sendProblem(problem, request, reply);
  };
}

function sendProblem(problem: HttpProblem, request: FastifyRequest, reply: FastifyReply): void {
  reply.code(problem.status);
  if (problem.headers !== undefined) reply.headers(problem.headers);
  reply.header('content-type', PROBLEM_CONTENT_TYPE).header('cache-control', 'no-store');
  reply.send(JSON.stringify(problemBody(problem, pathOf(request))));
}

/** Answers 405 where the path is known under other methods, otherwise 404. */
export function notFoundHandler(app: FastifyInstance) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    const path = pathOf(request);
    const allowed = METHODS.filter((method) => app.findRoute({ method, url: path }) !== null);
    const problem =
      allowed.length === 0 || allowed.some((method) => method === request.method)
        ? new HttpProblem('route_not_found', nothingThere(request))
        : new HttpProblem(
            'method_not_allowed',
            `${path} takes ${allowed.join(', ')}, not ${request.method}`,
            {
              headers: { allow: allowed.join(', ') },
            },
          );
    sendProblem(problem, request, reply);
  };
}

const METHODS = ['GET', 'HEAD', 'POST', 'DELETE'] as const;

function asProblem(error: unknown, request: FastifyRequest): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof UnavailableError) return unavailable(error.code, error.retryAfterMs, error.message);
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  const known = code === undefined ? undefined : FRAMEWORK_ERRORS[code];
  if (known) return new HttpProblem(known[0], known[1](request), { cause: error });
  if (statusCode === 404) return new HttpProblem('route_not_found', nothingThere(request), { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new HttpProblem('request_malformed', 'The request cannot be read', { cause: error });
  return new HttpProblem('internal', 'The server met an error that it did not expect; it is in its log', {
    cause: error,
  });
}

function wrongContentType(request: FastifyRequest): string {
  const type = request.headers['content-type'];
  return `The body must be application/json, ${type ? `not ${type}` : 'but no content type was given'}`;
}

function nothingThere(request: FastifyRequest): string {
  return `There is nothing at ${pathOf(request)}`;
}

function pathOf(request: FastifyRequest): string {
  const url = request.raw.url ?? '/';
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}
