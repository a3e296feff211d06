/** The refusal of what would go beyond a quota of its caller. */
import type { QuotaRefusal } from '../service/service.ts';
import { HttpProblem } from './problem.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';

const QUOTAS: Readonly<Record<QuotaRefusal['name'], string>> = {
  waiting: 'requests waiting at a time',
  'per-minute': 'requests in a minute',
  'store-bytes': 'bytes of the store for requests that wait, half of what others leave',
};

/** 429 with the time after which another try makes sense; 422 where none ever would. */
export function quotaProblem({ name, limit, quotas, retryAfterMs }: QuotaRefusal): HttpProblem {
  const most = `this caller may have ${limit} ${QUOTAS[name]}`;
  if (retryAfterMs === undefined)
    return new HttpProblem(
      'batch_size_invalid',
      `The batch is longer than its caller's quota: ${most}; split it`,
      {
        headers: rateLimitHeaders(quotas),
      },
    );
  // Both headers are to name the same time.
  const told = quotas.map((quota) => (quota.name === name ? { ...quota, wholeInMs: retryAfterMs } : quota));
  return new HttpProblem('quota_exceeded', `A quota is used up: ${most}`, {
    headers: {
      ...rateLimitHeaders(told),
      'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))),
    },
  });
}
