/** What every route group is given. */
import type { Registry } from 'prom-client';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  FastifyTypeProvider,
  RawServerDefault,
} from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Static, TSchema } from 'typebox';
import type { CallerSecrets } from '../callbacks/callback-secrets.ts';
import type { CallbackPolicy } from '../callbacks/callback-url.ts';
import type { Service } from '../service/service.ts';
import type { HttpLogger } from './http-logger.ts';
import type { UnsentAnswers } from './unsent-answers.ts';
import type { Waiters } from './waiters.ts';

export type HttpApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  SchemaTypes
>;

/** What arrives has the type of its schema. Answers are text already: the routes write their JSON themselves, for its entity tag. */
export interface SchemaTypes extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
  serializer: unknown;
}

export interface HttpContext {
  /** The service as whoever stands behind a request may see it. */
  readonly serviceFor: (request: Pick<FastifyRequest, 'bearer'>) => Service;
  /** What signs the callbacks of a caller; undefined where callers are not authenticated. */
  readonly secretsOf: ((callerId: string) => CallerSecrets) | undefined;
  readonly config: HttpConfig;
  readonly waiters: Waiters;
  readonly unsent: UnsentAnswers;
  readonly metrics: Registry;
  readonly logger: HttpLogger;
}

export interface HttpConfig {
  /** Most decimal digits of a number. */
  readonly digitsMax: number;
  /** Which callback URLs are accepted. */
  readonly callbackPolicy: CallbackPolicy;
  /** Longest that `Prefer: wait` holds an answer. */
  readonly waitMsMax: number;
  /** Time for the headers, and for the whole of a request, to arrive; then 408 and the connection closes. */
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  /** How long an idle connection is kept. Longer than that of a balancer in front, or it meets closed ones. */
  readonly keepAliveMs?: number;
  /** Requests held open at once, `WAITERS_MAX` by default. */
  readonly waitersMax?: number;
  /** What large answers may hold together, `UNSENT_BYTES_MAX` by default, and for how long without headway, `STALLED_MS_MAX`. */
  readonly unsentBytesMax?: number;
  readonly stalledMs?: number;
  /** `HEARTBEAT_MS` by default. */
  readonly heartbeatMs?: number;
}
