/** One exchange as a promise, for what is not under load. */
import type { ExchangeEnd, HttpConnection } from './http-connection.ts';

/** `request` as the connection takes it. Resolves to how it ended, with a body that may be kept. */
export function ask(connection: HttpConnection, request: string): Promise<ExchangeEnd> {
  return new Promise((resolve) =>
    connection.exchange(request, (end) =>
      // Of an answer in one piece the body is a view that the next answer writes over.
      resolve(end.kind === 'answered' ? { ...end, body: Buffer.from(end.body) } : end),
    ),
  );
}
