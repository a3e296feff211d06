/** The requests that benchmarks make without a load of `src/loadgen`, and what is read from their answers. Pure. */
import { requestText } from '../../src/loadgen/request-text.ts';

/** No server looks at the name of its host, so that one text does for all contestants. */
const { post, get } = requestText({ url: 'http://bench' });

/** `body` is JSON in ASCII. */
export function postRequest(callerId: string, body: string): string {
  return post('/requests', callerId, body);
}

/** To a door that ends by itself. `body` is JSON in ASCII. */
export function postTo(door: '/async' | '/sync', callerId: string, body: string): string {
  return post(door, callerId, body);
}

/** `numbers` in decimal. */
export function postValues(numbers: readonly string[]): string {
  return post('/values', 'bench', `[${numbers.join(',')}]`);
}

/** The values of an answer, their integers as text: as numbers they would be rounded. */
export function valuesIn(body: Buffer): { value: string; prime_factors: string[] }[] {
  return JSON.parse(body.toString('latin1').replaceAll(/\d+/g, '"$&"')) as ReturnType<typeof valuesIn>;
}

export function getRequest(requestId: string): string {
  return get(`/requests/${requestId}`);
}

/** `prime` in decimal. */
export function getValues(prime: number): string {
  return get(`/values/${prime}`);
}

/** Every answer begins with the id; parsing it as a whole would make the generator the bottleneck. */
export function requestIdIn(body: Buffer): string {
  return body.toString('latin1', ID_START, body.indexOf(QUOTE, ID_START));
}

const ID_START = '{"request_id":"'.length;
const QUOTE = 0x22;
