/** `GET /healthz` and `/readyz`: for those who run the service, and for what stands in front of it. They take no key. */
import { Health, type ClusterBody, type Readiness } from '../contract/health.ts';
import { answer } from './documented.ts';
import type { ClusterStatus } from '../service/cluster/cluster.ts';
import type { Peer } from '../service/cluster/peer.ts';
import type { Service } from '../service/service.ts';
import type { HttpApp } from './http-context.ts';

export function addOperationsRoutes(
  app: HttpApp,
  service: Pick<Service, 'readiness'>,
  clusterStatus?: () => Promise<ClusterStatus>,
): void {
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
    async (request, reply) => {
      const cluster = clusterStatus && clusterBody(await clusterStatus());
      const own = service.readiness();
      // What can't ask Redis who is there can't write to it either.
      const reasons = cluster?.orphans === null ? [...own.reasons, 'Redis does not answer'] : own.reasons;
      const ready = reasons.length === 0;
      if (!ready) reply.header('retry-after', '1');
      const isTold = !ready && UNREADY_404.test(String(request.headers.prefer));
      if (isTold) reply.header('preference-applied', 'unready=404');
      const body: Readiness = {
        status: ready ? 'ready' : 'not_ready',
        reasons: [...reasons],
        ...(cluster && { cluster }),
      };
      return (
        reply
          // What only balancers ask for is in no document of the API.
          .code(ready ? 200 : isTold ? (404 as 503) : 503)
          .header('cache-control', 'no-store')
          .send(body)
      );
    },
  );
}

/**
 * A balancer that tells by the status alone whether a server fails or only wants no more work (HAProxy, `disable-on-404`) asks for that
 * with this preference: whoever can say that it is not ready can also answer what is under way with it.
 */
const UNREADY_404 = /(?:^|,)\s*unready=404\s*(?:,|$)/i;

function clusterBody({ shard, name, stage, peers, strangers, orphans, unheard }: ClusterStatus): ClusterBody {
  const replica = (peer: Peer): ClusterBody['peers'][number] => ({
    shard: peer.shard,
    name: peer.name,
    stage: peer.stage,
  });
  return {
    shard,
    name,
    stage,
    peers: peers.map(replica),
    strangers: strangers.map(replica),
    orphans: orphans === undefined ? null : [...orphans],
    unheard: unheard === undefined ? null : [...unheard],
  };
}
