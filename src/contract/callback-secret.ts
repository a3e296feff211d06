/** `GET /callback-secret`: what a caller verifies its callbacks with. */
import * as Type from 'typebox';

const Secret = Type.String({
  pattern: '^whsec_[A-Za-z0-9+/]+=*$',
  description: 'As Standard Webhooks has it.',
});

export const CallbackSecret = Type.Object({
  caller_id: Type.String(),
  secret: Secret,
  former_secrets: Type.Array(
    Type.Object({ secret: Secret, signs_until: Type.String({ format: 'date-time' }) }),
    {
      description: 'Those that were rotated away and still sign besides.',
    },
  ),
});
export type CallbackSecret = Type.Static<typeof CallbackSecret>;
