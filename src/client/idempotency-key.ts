/** The only place of the client that draws random bytes. `crypto.randomUUID` would not do: browsers have it on secure pages only. */
const KEY_BYTES = 16;

/** A key that nobody else will ever use, for one submission and its repetitions. */
export function idempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(KEY_BYTES)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
