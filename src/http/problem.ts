/** Refusals as they leave: RFC 9457 problem details with a stable code. */
import { PROBLEMS, type ErrorCode } from '../domain/error-code.ts';
import type { ProblemBody } from '../contract/problem-body.ts';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8';

export interface ProblemDetails {
  readonly errors?: ProblemBody['errors'];
  /** Further headers, such as `allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Thrown anywhere while a request is read; the error handler turns it into an answer. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly code: ErrorCode;
  readonly errors: ProblemBody['errors'];
  readonly headers: Readonly<Record<string, string>> | undefined;

  /** `detail` says what is wrong in this case, naming the value and the bound. */
  constructor(code: ErrorCode, detail: string, { errors, headers, cause }: ProblemDetails = {}) {
    super(detail, { cause });
    this.code = code;
    this.errors = errors;
    this.headers = headers;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** `instance` is the path that was asked for, if one could be read. */
export function problemBody(problem: HttpProblem, instance?: string): ProblemBody {
  const { status, title } = PROBLEMS[problem.code];
  return {
    type: `urn:fairsieve:problem:${problem.code}`,
    title,
    status,
    code: problem.code,
    detail: problem.message,
    ...(instance !== undefined && { instance }),
    ...(problem.errors !== undefined && { errors: problem.errors }),
  };
}
