/**
 * API keys at the door: whoever shows none, or one that is not known, gets no further, and a caller's key fixes the caller.
 *
 * Invariants:
 *   A1. A request that reaches a route behind `askForKeys` has its `bearer`, and names no caller but that of its key.
 *   A2. A key appears in no answer, no error and no log: nothing here passes it on.
 */
import type { FastifyRequest } from 'fastify';
import type { ApiKeyRecord, KeyOwner } from '../access/api-key-file.ts';
import { callerIdOf } from './caller-id.ts';
import type { HttpApp } from './http-context.ts';
import { HttpProblem } from './problem.ts';

/** Where keys are looked up; `ApiKeys` fits. */
export interface KeyRing {
  find(key: string): ApiKeyRecord | undefined;
}

/** Who stands behind a request, by the key that was shown. */
export interface Bearer {
  readonly owner: KeyOwner;
  /** Whether the key is still good. */
  isValid(): boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined where no keys are asked for. */
    bearer: Bearer | undefined;
  }
  interface FastifyContextConfig {
    /** With API keys, only an operator's will do. */
    operatorOnly?: boolean;
  }
}

/** Lets nobody through to the routes of `app` that are added from here on without a key. */
export function askForKeys(app: HttpApp, keys: KeyRing): void {
  app.decorateRequest('bearer', undefined);
  app.addHook('onRequest', (request, _reply, done) => {
    const bearer = bearerOf(request, keys);
    if (bearer.owner.kind === 'caller') {
      checkCaller(request, bearer.owner.callerId);
      if (request.routeOptions.config.operatorOnly === true)
        throw new HttpProblem(
          'operator_only',
          'This takes the API key of an operator; yours is that of a caller',
        );
    }
    request.bearer = bearer;
    done();
  });
}

/** The caller that the key of a request fixes; undefined: none, it may be any. */
export function ownCallerId({ bearer }: Pick<FastifyRequest, 'bearer'>): string | undefined {
  return bearer?.owner.kind === 'caller' ? bearer.owner.callerId : undefined;
}

function bearerOf({ headers }: FastifyRequest, keys: KeyRing): Bearer {
  const key = /^Bearer +([^ ]+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (key === undefined)
    throw new HttpProblem('api_key_missing', 'Give your API key: as the header Authorization: Bearer KEY', {
      headers: { 'www-authenticate': CHALLENGE },
    });
  const record = keys.find(key);
  if (record === undefined)
    throw new HttpProblem('api_key_invalid', 'This API key is not known, or was revoked', {
      headers: { 'www-authenticate': `${CHALLENGE}, error="invalid_token"` },
    });
  return { owner: record.owner, isValid: () => keys.find(key)?.id === record.id };
}

/** By RFC 6750, section 3. */
const CHALLENGE = 'Bearer realm="fairsieve"';

/** A caller id may be given besides the key, if it is the same. */
function checkCaller(request: FastifyRequest, own: string): void {
  const { caller_id: query } = request.query as Record<string, unknown>;
  const given = callerIdOf(request.raw, typeof query === 'string' ? query : undefined, own);
  if (given.kind === 'refused') throw new HttpProblem(given.code, given.message);
  if (given.callerId !== own)
    throw new HttpProblem(
      'caller_forbidden',
      `This API key is for caller ${JSON.stringify(own)}: it cannot be used as ${JSON.stringify(given.callerId)}`,
    );
}
