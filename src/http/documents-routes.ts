/** `GET /openapi.json`, `/docs` and `/`: what the service says of itself. */
import swaggerUi from '@fastify/swagger-ui';
import type { HttpApp } from './http-context.ts';
import { JSON_CONTENT_TYPE } from './json-content-type.ts';

/** Over plain HTTP as well: no upgrade to https is asked for. The page's styles are partly inline. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; frame-ancestors 'self'";

export function addDocumentsRoutes(app: HttpApp): void {
  let document: string | undefined;

  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    document ??= JSON.stringify(app.swagger());
    return reply.header('content-type', JSON_CONTENT_TYPE).send(document);
  });

  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs/'));

  // Everything that the page needs comes from this server; nothing is asked of any other.
  app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_SECURITY_POLICY,
    uiConfig: { validatorUrl: null, layout: 'BaseLayout' },
  });
}
