/** The requests of the service's HTTP interface as text for `HttpConnection`, and what is read from answers. Pure. */

/** `body` is JSON in ASCII. */
export function postRequest(callerId: string, body: string): string {
  return `POST /requests HTTP/1.1\r\nhost: bench\r\nx-caller-id: ${callerId}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** `numbers` in decimal. */
export function postValues(numbers: readonly string[]): string {
  const body = `[${numbers.join(',')}]`;
  return `POST /values HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** The values of an answer, their integers as text: as numbers they would be rounded. */
export function valuesIn(body: Buffer): { value: string; prime_factors: string[] }[] {
  return JSON.parse(body.toString('latin1').replaceAll(/\d+/g, '"$&"')) as ReturnType<typeof valuesIn>;
}

export function getRequest(requestId: string): string {
  return `GET /requests/${requestId} HTTP/1.1\r\nhost: bench\r\n\r\n`;
}

/** Every answer begins with the id; parsing it as a whole would make the generator the bottleneck. */
export function requestIdIn(body: Buffer): string {
  return body.toString('latin1', ID_START, body.indexOf(QUOTE, ID_START));
}

const ID_START = '{"request_id":"'.length;
const QUOTE = 0x22;
