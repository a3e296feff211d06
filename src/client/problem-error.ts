/** The service said no (RFC 9457 problem details), and asking again would not change that. */
import type { ProblemBody } from '../contract/problem-body.ts';
import { isObject } from './is-object.ts';

export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  /** The HTTP status. */
  readonly status: number;
  /** Stable, see docs/errors.md; `http_error` where something on the way answered without saying a code. */
  readonly code: string;
  /** What is wrong in this case. */
  readonly detail: string;
  /** The places in the body that are at fault, where the service named them. */
  readonly errors: NonNullable<ProblemBody['errors']>;

  constructor(status: number, body: unknown) {
    const problem: Partial<Record<keyof ProblemBody, unknown>> = isObject(body) ? body : {};
    const code = typeof problem.code === 'string' ? problem.code : 'http_error';
    const detail =
      [problem.detail, problem.title].find((text) => typeof text === 'string') ?? 'no more was said';
    super(`${detail} (${status} ${code})`);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.errors = Array.isArray(problem.errors) ? problem.errors : [];
  }
}
