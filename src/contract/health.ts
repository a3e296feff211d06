/** `GET /healthz` and `GET /readyz`. */
import * as Type from 'typebox';

export const Health = Type.Object({ status: Type.Enum(['ok'], { type: 'string' }) });
export type Health = Type.Static<typeof Health>;

export const Readiness = Type.Object({
  status: Type.Enum(['ready', 'not_ready'], { type: 'string' }),
  reasons: Type.Array(Type.String(), { description: 'Why no work is accepted now; empty when ready.' }),
});
export type Readiness = Type.Static<typeof Readiness>;
