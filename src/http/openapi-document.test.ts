import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { openApiDocument } from './openapi-document.ts';
import { TestServer } from './test-server.ts';

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly responses: Readonly<Record<string, { readonly description?: string }>>;
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
      'get /healthz',
      'get /metrics',
      'get /readyz',
      'get /requests',
      'get /requests/{request_id}',
      'get /requests/{request_id}/events',
      'post /requests',
      'post /requests/{request_id}/resume',
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
        if (key === 'type' && typeof value === 'string' && 'description' in node)
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
