/** Who was heard for an answer that is put together of what several replicas hold. */
import * as Type from 'typebox';

export const ReplicaAnswers = Type.Object({
  expected: Type.Integer({ minimum: 1, description: 'Replicas that hold something.' }),
  answered: Type.Integer({ minimum: 0, description: 'Those of them that were heard.' }),
  missing: Type.Array(Type.String(), {
    description:
      'The others, by name, or as `shard N` where only the number of the database is known: what they hold is not in the answer.',
  }),
});
export type ReplicaAnswers = Type.Static<typeof ReplicaAnswers>;

/** Of a query: whether an answer without what some replica holds is refused. */
export const Strict = Type.Enum(['true', 'false'], {
  type: 'string',
  description: 'With `true`, an answer that lacks what some replica holds is 503 instead.',
});
