/** The requests of the service's HTTP interface as text for `HttpConnection`. Pure. */

export interface Service {
  /** Its URL; a path is kept. */
  readonly url: string;
  /** Shown with each request, where the service asks for one. */
  readonly apiKey?: string | undefined;
}

/** Requests to one service: each is a whole HTTP/1.1 request in ASCII. */
export interface RequestText {
  /** `body` is JSON in ASCII, `callerId` ASCII without control characters. */
  readonly post: (path: string, callerId: string, body: string) => string;
  /** `prefer`: as the header `Prefer` has it. */
  readonly get: (path: string, prefer?: string) => string;
}

export function requestText({ url, apiKey }: Service): RequestText {
  const { host, pathname } = new URL(url);
  const base = pathname.replace(/\/$/, '');
  const always =
    ` HTTP/1.1\r\nhost: ${host}\r\n` + (apiKey === undefined ? '' : `authorization: Bearer ${apiKey}\r\n`);
  return {
    post: (path, callerId, body) =>
      `POST ${base}${path}${always}x-caller-id: ${callerId}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    get: (path, prefer) =>
      `GET ${base}${path}${always}${prefer === undefined ? '' : `prefer: ${prefer}\r\n`}\r\n`,
  };
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
