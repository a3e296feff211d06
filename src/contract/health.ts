/** `GET /healthz` and `GET /readyz`. */
import * as Type from 'typebox';

export const Health = Type.Object({ status: Type.Enum(['ok'], { type: 'string' }) });
export type Health = Type.Static<typeof Health>;

const Shard = Type.Integer({
  minimum: 0,
  maximum: 15,
  description: 'The number of its database in Redis.',
});

const Replica = Type.Object({
  shard: Shard,
  name: Type.String(),
  stage: Type.String({ description: '`working`, `catching_up` after its start, or `leaving`.' }),
});

export const ClusterBody = Type.Object(
  {
    ...Replica.properties,
    peers: Type.Array(Replica, { description: 'The other replicas that are present.' }),
    strangers: Type.Array(Replica, {
      description: 'Replicas of another version, which this one cannot talk to.',
    }),
    orphans: Type.Union(
      [
        Type.Array(Shard, {
          description:
            'Databases that hold data and have no replica that can be reached. What is there is found again once one has them; see `fairsieve rescue`.',
        }),
        Type.Null(),
      ],
      { description: '`null` while it cannot be known.' },
    ),
    unheard: Type.Union(
      [
        Type.Array(Shard, {
          description:
            'Databases of the same Redis that replicas have which this one does not hear: mostly since they, or it, have no `FAIRSIEVE_NATS_URL` or another one.',
        }),
        Type.Null(),
      ],
      { description: '`null` while it cannot be known.' },
    ),
  },
  { description: 'Of a replica over Redis: who else is there.' },
);
export type ClusterBody = Type.Static<typeof ClusterBody>;

export const Readiness = Type.Object({
  status: Type.Enum(['ready', 'not_ready'], { type: 'string' }),
  reasons: Type.Array(Type.String(), { description: 'Why no work is accepted now; empty when ready.' }),
  cluster: Type.Optional(ClusterBody),
});
export type Readiness = Type.Static<typeof Readiness>;
