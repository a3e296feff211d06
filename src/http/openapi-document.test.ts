import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { openApiDocument } from './openapi-document.ts';
import { TestServer } from './test-server.ts';

interface Operation {
  /** By the event, then by the expression that gives the URL. */
  readonly callbacks?: Readonly<
    Record<string, Readonly<Record<string, Readonly<Record<string, Operation>>>>>
  >;
  readonly operationId?: string;
  readonly summary?: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly responses: Readonly<Record<string, { readonly description?: string }>>;
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly example?: unknown; readonly schema?: unknown }>>;
  };
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const document = JSON.parse(JSON.stringify(await openApiDocument())) as Document;
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

describe('The OpenAPI document', () => {
  it('in docs/ is what the schemas give; if not, run node scripts/write-openapi.ts', async () => {
    const written: unknown = JSON.parse(
      await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
    );
    assert.deepEqual(written, document);
  });

  it('is what the server answers', async () => {
    await using server = await TestServer.start();
    assert.deepEqual(await (await server.fetch('/openapi.json')).json(), document);
  });

  it('is version 3.1.0 and names every route of the API', () => {
    assert.equal(document.openapi, '3.1.0');
    assert.ok(document.info.title !== '' && document.info.version !== '');
    assert.deepEqual(operations.map(({ path, method }) => `${method} ${path}`).toSorted(), [
      'delete /requests/{request_id}',
      'get /callback-secret',
      'get /healthz',
      'get /metrics',
      'get /readyz',
      'get /requests',
      'get /requests/{request_id}',
      'get /requests/{request_id}/events',
      'get /values/batches/{batch_id}',
      'get /values/{prime}',
      'post /async',
      'post /requests',
      'post /requests/{request_id}/redeliver',
      'post /requests/{request_id}/resume',
      'post /sync',
      'post /values',
    ]);
  });

  it('gives every operation a name of its own, a summary and described answers', () => {
    const names = operations.map(({ operation }) => operation.operationId);
    assert.equal(new Set(names).size, operations.length);
    for (const { path, method, operation } of operations) {
      assert.ok(operation.operationId && operation.summary, `${method} ${path}`);
      const statuses = Object.entries(operation.responses);
      assert.ok(statuses.length > 0);
      for (const [status, response] of statuses) {
        assert.match(status, /^([1-5]\d\d|[1-5]XX|default)$/);
        assert.ok(response.description, `${method} ${path} ${status}`);
      }
      const placeholders = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const parameters = (operation.parameters ?? []).filter((p) => p.in === 'path').map((p) => p.name);
      assert.deepEqual(parameters, placeholders);
    }
  });

  it('gives an example of a submission that survives a reader with doubles, and that the server takes', async () => {
    const { requestBody } = document.paths['/requests']?.['post'] ?? {};
    const example: unknown = requestBody?.content['application/json']?.example;
    assert.ok(Object.values(example as object).every((number) => typeof number === 'string'));
    await using server = await TestServer.start();
    assert.equal((await server.submit(example)).status, 202);
  });

  it('describes the callback: where it goes, how it is signed, what it brings and what it takes for an answer', () => {
    const called = operations.filter(({ operation }) => operation.callbacks !== undefined);
    assert.deepEqual(
      called.map(({ path }) => path),
      ['/async'],
    );
    const { callbacks, requestBody } = document.paths['/async']?.['post'] ?? {};
    const calls = Object.values(callbacks ?? {}).flatMap((event) => Object.entries(event));
    assert.equal(calls.length, 1);
    const [expression, item] = calls[0] ?? ['', {}];
    // A runtime expression: it names a field that a submission must have.
    const field = /^\{\$request\.body#\/(\w+)\}$/.exec(expression)?.[1];
    const schema = requestBody?.content['application/json']?.schema as {
      readonly required: readonly string[];
    };
    assert.deepEqual(schema.required, [field]);
    assert.deepEqual(Object.keys(item), ['post']);
    const call = item['post'];
    assert.ok(call?.summary);
    assert.deepEqual(
      call.parameters?.map(({ in: place, name }) => `${place} ${name}`),
      ['header webhook-id', 'header webhook-timestamp', 'header webhook-signature'],
    );
    assert.deepEqual(call.requestBody?.content['application/json']?.schema, {
      $ref: '#/components/schemas/Callback',
    });
    assert.deepEqual(Object.keys(call.responses).toSorted(), ['2XX', '410', 'default']);
    assert.ok(Object.values(call.responses).every(({ description }) => description));
  });

  it('refers only to what is there, and has JSON Schema types only', () => {
    let references = 0;
    const visit = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, value] of Object.entries(node)) {
        if (key === '$ref') {
          references++;
          const target = String(value)
            .replace(/^#\//, '')
            .split('/')
            .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
          assert.equal(typeof target, 'object', `${String(value)} leads nowhere`);
        }
        // A security scheme has types of its own.
        if (key === 'type' && typeof value === 'string' && 'description' in node && !('scheme' in node))
          assert.ok(
            ['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'].includes(value),
            value,
          );
        if (key.startsWith('~')) assert.fail(`${key} is not of OpenAPI`);
        visit(value);
      }
    };
    visit(document);
    assert.ok(references > 5);
  });
});
