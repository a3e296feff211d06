import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createClient } from './client.ts';
import { DONE_15, json, scriptedServer } from './scripted-server.ts';

/** Functions that came with Node.js 22 or later, or to browsers at that time: a client that calls them throws on Node.js 20. */
const NEWER: readonly (readonly [owner: object, names: readonly string[]])[] = [
  [Promise, ['withResolvers', 'try']],
  [Array, ['fromAsync']],
  [URL, ['parse']],
  [Object, ['groupBy']],
  [Map, ['groupBy']],
  [Set.prototype, ['union', 'difference', 'intersection', 'isSubsetOf', 'isSupersetOf']],
  [Map.prototype, ['getOrInsert', 'getOrInsertComputed']],
  [Iterator.prototype, ['map', 'filter', 'take', 'drop', 'flatMap', 'reduce', 'toArray', 'some', 'find']],
  [RegExp, ['escape']],
  [Error, ['isError']],
];
const CLIENT = new URL('.', import.meta.url).href;

/** Makes them throw when the client's own code calls them; Node.js itself goes on using them. */
function withholdNewer(t: TestContext): void {
  for (const [owner, names] of NEWER) {
    for (const name of names) {
      const property = Object.getOwnPropertyDescriptor(owner, name);
      const original: unknown = property?.value;
      if (property === undefined || typeof original !== 'function') continue;
      const value = function (this: unknown, ...args: unknown[]): unknown {
        const [, , caller = ''] = (new Error('who calls?').stack ?? '').split('\n');
        if (caller.includes(CLIENT)) throw new Error(`${name} is newer than Node.js 20`);
        return Reflect.apply(original, this, args) as unknown;
      };
      Object.defineProperty(owner, name, { ...property, value });
      t.after(() => Object.defineProperty(owner, name, property));
    }
  }
}

test('the client calls nothing that is newer than Node.js 20', async (t) => {
  await using server = await scriptedServer((response, seen) => {
    if (seen.path.endsWith('/events')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`event: state\ndata: ${JSON.stringify(DONE_15)}\n\n`);
    } else if (seen.path.startsWith('/requests/')) json(200, DONE_15)(response, seen);
    else if (seen.method === 'GET') json(200, { requests: [DONE_15], next: null })(response, seen);
    else json(202, { request_id: 'id-15', number: '15', status: 'queued' })(response, seen);
  });
  withholdNewer(t);
  const client = createClient({ url: server.url, callerId: 'acme', patienceMs: 60_000 });
  assert.equal((await client.factor(15)).complete, true);
  for (const one of await Promise.all([client.result('ID'), client.cancel('ID'), client.resume('ID')]))
    assert.equal(one.status, 'done');
  for await (const one of client.events('ID')) assert.equal(one.status, 'done');
  for await (const one of client.list()) assert.equal(one.status, 'done');
});
