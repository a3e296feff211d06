/** The requests of the service's HTTP interface as text for `HttpConnection`. Pure. */

export interface Service {
  /** Its URL; a path is kept. */
  readonly url: string;
  /** Shown with each request, where the service asks for one. */
  readonly apiKey?: string | undefined;
}

/** Requests to one service: each is a whole HTTP/1.1 request, a character for each byte. */
export interface RequestText {
  /** `body` is JSON in ASCII, `caller` a caller id as `headerText` gives it. */
  readonly post: (path: string, caller: string, body: string) => string;
  /** `prefer`: as the header `Prefer` has it. */
  readonly get: (path: string, prefer?: string) => string;
}

export function requestText({ url, apiKey }: Service): RequestText {
  const { host, pathname } = new URL(url);
  const base = pathname.replace(/\/$/, '');
  const always =
    ` HTTP/1.1\r\nhost: ${host}\r\n` + (apiKey === undefined ? '' : `authorization: Bearer ${apiKey}\r\n`);
  return {
    post: (path, caller, body) =>
      `POST ${base}${path}${always}x-caller-id: ${caller}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    get: (path, prefer) =>
      `GET ${base}${path}${always}${prefer === undefined ? '' : `prefer: ${prefer}\r\n`}\r\n`,
  };
}

/** A text as it stands in a header: each byte of its UTF-8 as a character. */
export function headerText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
