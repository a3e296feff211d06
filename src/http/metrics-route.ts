/** `GET /metrics`: for Prometheus. With API keys it takes an operator's, since it tells how much others ask for. */
import * as Type from 'typebox';
import { PROBLEM } from './documented.ts';
import type { HttpApp, HttpContext } from './http-context.ts';

export function addMetricsRoute(app: HttpApp, { metrics }: Pick<HttpContext, 'metrics'>): void {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'metrics',
        summary: 'Metrics in the text format of Prometheus',
        description: "Where API keys are in use, it takes an operator's.",
        tags: ['operations'],
        response: {
          200: { description: 'The metrics.', content: { 'text/plain': { schema: Type.String() } } },
          '4xx': PROBLEM,
        },
      },
      config: { operatorOnly: true },
    },
    async (_request, reply) =>
      reply
        .header('cache-control', 'no-store')
        .header('content-type', metrics.contentType)
        .send(await metrics.metrics()),
  );
}
