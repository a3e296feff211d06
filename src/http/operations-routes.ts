/** `GET /healthz` and `/readyz`: for those who run the service, and for what stands in front of it. They take no key. */
import { Health, type Readiness } from '../contract/health.ts';
import { answer } from './documented.ts';
import type { Service } from '../service/service.ts';
import type { HttpApp } from './http-context.ts';

export function addOperationsRoutes(app: HttpApp, service: Pick<Service, 'readiness'>): void {
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'health',
        summary: 'Whether the process answers',
        tags: ['operations'],
        response: { 200: Health },
      },
    },
    (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' } as const),
  );

  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'readiness',
        summary: 'Whether work is accepted now, and if not, why',
        tags: ['operations'],
        response: { 200: answer('Ready.', ['Readiness']), 503: answer('Not ready.', ['Readiness']) },
      },
    },
    (_request, reply) => {
      const { ready, reasons } = service.readiness();
      if (!ready) reply.header('retry-after', '1');
      const body: Readiness = { status: ready ? 'ready' : 'not_ready', reasons: [...reasons] };
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send(body);
    },
  );
}
