/** The body of an HTTP request as text, in bounded memory. */
import type { IncomingMessage } from 'node:http';

/** Undefined if it has more than `bytesMax`. Rejects if it breaks off. */
export async function bodyText(request: IncomingMessage, bytesMax: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
