/** Strong entity tags over bodies (RFC 9110, section 8.8.3). */
import { hash } from 'node:crypto';

/** 128 bits of SHA-256, quoted. Equal bodies have equal tags. */
export function entityTag(body: string): string {
  return `"${hash('sha256', body, 'base64url').slice(0, 22)}"`;
}

/** Whether an `If-None-Match` names `tag`; weak tags match as well, as the RFC has it for this header. */
export function matchesEntityTag(header: string, tag: string): boolean {
  return header.split(',').some((given) => {
    const text = given.trim();
    return text === '*' || text === tag || text === `W/${tag}`;
  });
}
