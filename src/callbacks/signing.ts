/**
 * Signatures of callbacks, by Standard Webhooks 1.0 (https://www.standardwebhooks.com): HMAC-SHA256 over id, time and body, so
 * that a receiver knows who sent a body, and that nobody replays an old one. Pure: the time is passed in.
 *
 * By the cryptography of Node, since the library of the standard, against which tests hold it, takes ten times as long.
 */
import { createHmac } from 'node:crypto';
import { assert } from '../base/assert.ts';

export interface SignedMessage {
  /** The same at every attempt, so that a receiver can drop repeats; no dots and no spaces. */
  readonly id: string;
  /** Exactly what is sent. */
  readonly body: string;
}

/** What stands before the base64 of a secret. */
const SECRET_PREFIX = 'whsec_';

/** A type, not an interface, so that it can stand wherever headers are wanted. */
export type SignatureHeaders = {
  readonly 'webhook-id': string;
  /** Seconds since 1970. */
  readonly 'webhook-timestamp': string;
  /** One for each secret, with spaces between. */
  readonly 'webhook-signature': string;
};

/**
 * The headers for an attempt that is made at `wallMs`: signed anew each time, since receivers refuse what is older than some
 * minutes. Each of the secrets (`whsec_…`, at least one) signs, so a receiver that knows any of them is content.
 */
export function signatureHeaders(
  { id, body }: SignedMessage,
  secrets: readonly string[],
  wallMs: number,
): SignatureHeaders {
  assert(/^[^.\s]+$/.test(id), `A webhook id must be without dots and spaces: ${JSON.stringify(id)}`);
  assert(secrets.length > 0, 'A callback needs at least one secret to be signed with');
  const timestamp = String(Math.floor(wallMs / 1000));
  const signed = `${id}.${timestamp}.${body}`;
  const signatures = secrets.map((secret) => {
    assert(secret.startsWith(SECRET_PREFIX), `A secret must begin with ${SECRET_PREFIX}`);
    const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
