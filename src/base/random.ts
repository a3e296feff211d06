/** The only place that draws random bytes and numbers. */
const BUFFER_BYTES = 8_192;

const buffer = new Uint8Array(BUFFER_BYTES);
let used = BUFFER_BYTES;

/** `count` unguessable bytes, to be used before the next call; drawn from the system many at a time, since each draw is a system call. */
export function randomBytes(count: number): Uint8Array {
  if (used + count > BUFFER_BYTES) {
    crypto.getRandomValues(buffer);
    used = 0;
  }
  used += count;
  return buffer.subarray(used - count, used);
}

/** In [0, 1); to spread things out, not to keep secrets. */
export const randomFraction = Math.random;
