/**
 * `GET /values/{prime}`: the values that have a prime factor. However many there are, all are answered: page by page as the client
 * takes them, never the whole in memory.
 */
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import * as Type from 'typebox';
import { ValuesQuery } from '../contract/values.ts';
import { ANONYMOUS } from '../domain/caller.ts';
import { PAGE_LIMIT_DEFAULT, VALUES_PAGE_MAX } from '../domain/limits.ts';
import { abbreviate } from '../base/abbreviate.ts';
import type { Service, ValuesOfQuery, ValuesPage } from '../service/service.ts';
import { callerOf } from './accept-input.ts';
import { answer, OPTIONAL_CALLER_ID_HEADERS, PROBLEM, REPLICAS, UNAVAILABLE } from './documented.ts';
import type { HttpApp, HttpContext } from './http-context.ts';
import { JSON_CONTENT_TYPE } from './json-content-type.ts';
import { HttpProblem } from './problem.ts';
import { refuseGaps, replicasHeader } from './replicas-header.ts';
import { readNumber } from './submitted-numbers.ts';
import { unavailable } from './unavailable.ts';
import { linesJson } from './values-json.ts';

export function addValuesRoute(app: HttpApp, { serviceFor, config, waiters, unsent }: HttpContext): void {
  app.get(
    '/values/:prime',
    {
      schema: {
        operationId: 'values',
        summary: 'The values that have a prime factor',
        description:
          'All of them, ascending, each once, on whichever replica they are. What is no prime is refused. With `limit` they come in pages, each with a `Link` to the next.',
        tags: ['values'],
        params: Type.Object({ prime: Type.String({ description: 'The prime, in decimal.' }) }),
        querystring: ValuesQuery,
        response: {
          200: answer('Values.', ['Values'], {
            ...REPLICAS,
            Link: Type.String({ description: 'With `rel="next"`: the next page.' }),
          }),
          '4xx': PROBLEM,
          503: UNAVAILABLE,
        },
      },
      config: { documentedHeaders: OPTIONAL_CALLER_ID_HEADERS },
    },
    async (request, reply) => {
      const { limit, after, strict } = request.query;
      const query = {
        callerId: callerOf(request, ANONYMOUS),
        prime: readNumber(request.params.prime, config.digitsMax),
        limit: limit ?? VALUES_PAGE_MAX,
        ...(after !== undefined && { after: after.replace(/^0+(?=.)/, '') }),
      };
      const service = serviceFor(request);
      // A page that is no longer than usual is mostly small, and then never refused.
      if (query.limit > PAGE_LIMIT_DEFAULT) unsent.refuseFull(request);
      const waiter = waiters.enter(request, reply);
      if (waiter === undefined) throw unavailable('overloaded', 1_000, TOO_MANY);
      const page = await firstPage(service, query, strict, waiter.signal).catch((error: unknown) => {
        waiter.leave();
        throw error;
      });
      const isWhole = limit !== undefined || page.next === undefined;
      if (isWhole) waiter.leave();
      const headers = {
        ...replicasHeader(page.replicas),
        'cache-control': 'no-store',
        'content-type': JSON_CONTENT_TYPE,
      };
      const first = await linesJson(page.lines);
      if (isWhole) {
        const link = page.next !== undefined && { link: `<${nextUrl(request, page.next)}>; rel="next"` };
        return unsent.send(reply, `[${first}]`, { ...headers, ...link });
      }
      const begin = Buffer.from(`[${first}`);
      const holdPages = (bytes: number): void => unsent.hold(reply, PAGES_HELD * bytes);
      holdPages(begin.length);
      const firstMissing = page.replicas?.missing ?? [];
      const rest = { service, query, firstMissing, signal: waiter.signal, holdPages };
      const stream = Readable.from(request.method === 'HEAD' ? [] : allPages(begin, page.next, rest));
      stream.once('close', () => waiter.leave());
      // Behind another answer, this one alone would be destroyed, and the connection would wait for it forever.
      stream.once('error', () => request.raw.socket.destroy());
      return reply.headers(headers).send(stream);
    },
  );
}

const TOO_MANY = 'Too many clients are being answered or waiting at once';
const UNDECIDED = 'It was not found out in time whether the number is prime';
/** Of an answer that comes page by page, in memory at once: the first, one that the socket has, one that waits, one that is read. */
const PAGES_HELD = 4;

/** Throws an HttpProblem where there is none, or it has gaps that are not wanted. */
async function firstPage(
  service: Service,
  query: ValuesOfQuery,
  strict: 'true' | 'false' | undefined,
  signal: AbortSignal,
): Promise<ValuesPage> {
  const page = await pageOf(service, query, signal);
  refuseGaps(page.replicas, strict);
  return page;
}

/** Throws an HttpProblem where there is none. */
async function pageOf(service: Service, query: ValuesOfQuery, signal: AbortSignal): Promise<ValuesPage> {
  const result = await service.valuesOf(query, signal);
  if (result.kind === 'values') return result;
  if (result.kind === 'not_prime')
    throw new HttpProblem('not_prime', `${abbreviate(String(query.prime))} is not prime`);
  throw unavailable(result.code, result.retryAfterMs, result.code === 'overloaded' ? UNDECIDED : undefined);
}

interface Rest {
  readonly service: Service;
  readonly query: ValuesOfQuery;
  /** Replicas that were missing from the first page. */
  readonly firstMissing: readonly string[];
  readonly signal: AbortSignal;
  /** Lets the answer hold pages of so many bytes; throws where there is no room. */
  readonly holdPages: (bytes: number) => void;
}

/** The text of an answer, page by page: `begin`, and those from `next` on. */
async function* allPages(
  begin: Buffer,
  next: string | undefined,
  rest: Rest,
): AsyncGenerator<Buffer, void, undefined> {
  yield begin;
  for (let after = next; after !== undefined;) {
    rest.signal.throwIfAborted();
    const page = await pageText(after, rest);
    after = page.next;
    // Values ascend, and so does the length of pages.
    rest.holdPages(page.text.length);
    yield page.text;
  }
  yield Buffer.from(']');
}

/** As bytes, in the memory of one page. Throws where a replica is missing that was there for the first page. */
async function pageText(
  after: string,
  { service, query, firstMissing, signal }: Rest,
): Promise<{ readonly text: Buffer; readonly next: string | undefined }> {
  const { lines, next, replicas } = await pageOf(service, { ...query, after, isKnownPrime: true }, signal);
  const lost = replicas?.missing.filter((name) => !firstMissing.includes(name)) ?? [];
  if (lost.length > 0) throw new Error(`Replicas went away: ${lost.join(', ')}`);
  return { text: Buffer.from(lines.length > 0 ? `,${await linesJson(lines)}` : ''), next };
}

/** The same path and query, but for where the page begins. */
function nextUrl({ raw }: FastifyRequest, after: string): string {
  const url = new URL(raw.url ?? '', 'http://localhost');
  url.searchParams.set('after', after);
  return url.pathname + url.search;
}
