/** Cuts a long list of numbers into the bodies of as many submissions as it takes. Pure. */

/** What the service takes: most numbers in one batch, and most bytes in one body. */
export const BATCH_NUMBERS_MAX = 10_000;
export const BODY_BYTES_MAX = 1_048_576;

/** What stands around the numbers in a body: `{"numbers":[` and `]}`. */
const FRAME_BYTES = 16;

/** Runs of `texts` in order, none empty, each within the service's limits on the length of a batch and the size of a body. */
export function submissionBatches(texts: readonly string[]): string[][] {
  const batches: string[][] = [];
  let batch: string[] = [];
  let bytes = FRAME_BYTES;
  for (const text of texts) {
    const textBytes = jsonBytes(text) + 1;
    if (batch.length === BATCH_NUMBERS_MAX || (batch.length > 0 && bytes + textBytes > BODY_BYTES_MAX)) {
      batches.push(batch);
      batch = [];
      bytes = FRAME_BYTES;
    }
    batch.push(text);
    bytes += textBytes;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

/** Bytes of the text as JSON: quotes, escapes and UTF-8 included. */
function jsonBytes(text: string): number {
  return /^[\w+\-*/^!#() ]*$/.test(text)
    ? text.length + 2
    : new TextEncoder().encode(JSON.stringify(text)).length;
}
