/** `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11), in Structured Fields (RFC 9651). Pure. */
import type { QuotaState } from '../service/service.ts';

/** No headers where there are no quotas. Times are whole seconds, and never sooner than what they tell of. */
export function rateLimitHeaders(quotas: readonly QuotaState[]): Record<string, string> {
  if (quotas.length === 0) return {};
  const policies = quotas.map(({ name, limit, windowMs }) => `"${name}";q=${limit}${seconds('w', windowMs)}`);
  const limits = quotas.map(
    ({ name, remaining, wholeInMs }) => `"${name}";r=${remaining}${seconds('t', wholeInMs)}`,
  );
  return { 'ratelimit-policy': policies.join(', '), ratelimit: limits.join(', ') };
}

function seconds(parameter: string, ms: number | undefined): string {
  return ms === undefined ? '' : `;${parameter}=${Math.ceil(ms / 1000)}`;
}
