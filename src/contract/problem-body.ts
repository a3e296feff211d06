/** Every refusal, as `application/problem+json` (RFC 9457). */
import * as Type from 'typebox';
import { PROBLEMS } from '../domain/error-code.ts';

export const ProblemBody = Type.Object(
  {
    type: Type.String({ description: '`urn:fairsieve:problem:` and the code.' }),
    title: Type.String({ description: 'The same for every problem of this code.' }),
    status: Type.Integer({ description: 'The HTTP status.' }),
    code: Type.String({ examples: Object.keys(PROBLEMS), description: 'Stable; to be switched on.' }),
    detail: Type.String({ description: 'What is wrong in this case: names the value and the bound.' }),
    instance: Type.Optional(Type.String({ description: 'The path that was asked for.' })),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'JSON pointer into the body, as a URI fragment.' }),
          code: Type.String(),
          detail: Type.String(),
        }),
        { description: 'The places in the body that are at fault: the first few of them.' },
      ),
    ),
  },
  { description: 'RFC 9457 problem details.' },
);
export type ProblemBody = Type.Static<typeof ProblemBody>;
