import assert from 'node:assert/strict';
import { extname } from 'node:path';
import { describe, it } from 'node:test';
import type { ClusterStatus } from '../service/cluster/cluster.ts';
import { parseMetrics } from '../../test/support/metrics-text.ts';
import { TestServer } from './test-server.ts';

const TYPES: Readonly<Record<string, RegExp>> = {
  '.js': /^(text|application)\/javascript/,
  '.css': /^text\/css/,
  '.png': /^image\/png/,
};

describe('Those who run the service', () => {
  it('see that it lives, whatever its readiness', async () => {
    await using server = await TestServer.start();
    server.service.notReady = ['the disk is full'];
    server.service.failure = new Error('the store is gone');
    const response = await server.fetch('/healthz');
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { status: 'ok' });
  });

  it('see whether it is ready, and if not, why', async () => {
    await using server = await TestServer.start();
    const ready = await server.fetch('/readyz');
    assert.equal(ready.status, 200);
    assert.deepEqual(await ready.json(), { status: 'ready', reasons: [] });
    server.service.notReady = ['the disk is full'];
    const notReady = await server.fetch('/readyz');
    assert.equal(notReady.status, 503);
    assert.equal(notReady.headers.get('retry-after'), '1');
    assert.deepEqual(await notReady.json(), { status: 'not_ready', reasons: ['the disk is full'] });
  });

  it('see by a status of its own, if they ask for it, that no more work is wanted: not that it fails', async () => {
    await using server = await TestServer.start();
    const headers = { prefer: 'unready=404' };
    assert.equal((await server.fetch('/readyz', { headers })).status, 200);
    server.service.notReady = ['this server is stopping'];
    assert.equal((await server.fetch('/readyz')).status, 503);
    const told = await server.fetch('/readyz', { headers });
    assert.deepEqual([told.status, told.headers.get('preference-applied')], [404, 'unready=404']);
    assert.deepEqual(await told.json(), { status: 'not_ready', reasons: ['this server is stopping'] });
  });

  it('see who else is in the cluster, and that a replica without its Redis is not ready', async () => {
    const peer = { shard: 3, name: 'b', protocol: 1, stage: 'working', load: 0 } as const;
    const status = {
      shard: 2,
      name: 'a',
      stage: 'working',
      peers: [peer],
      strangers: [],
      orphans: [5],
      unheard: [6],
      busConnected: true,
    } as const;
    let orphans: readonly number[] | undefined = status.orphans;
    await using server = await TestServer.start({}, undefined, () => Promise.resolve({ ...status, orphans }));
    const ready = await server.fetch('/readyz');
    assert.equal(ready.status, 200);
    assert.deepEqual(await ready.json(), {
      status: 'ready',
      reasons: [],
      cluster: {
        shard: 2,
        name: 'a',
        stage: 'working',
        peers: [{ shard: 3, name: 'b', stage: 'working' }],
        strangers: [],
        orphans: [5],
        unheard: [6],
      },
    });
    orphans = undefined;
    const cutOff = await server.fetch('/readyz');
    assert.equal(cutOff.status, 503);
    const { reasons } = (await cutOff.json()) as { readonly reasons: readonly string[] };
    assert.deepEqual(reasons, ['Redis does not answer']);
  });

  it('see in the metrics how the cluster stands, as this replica sees it, and nothing of what it cannot know', async () => {
    const peer = { shard: 3, name: 'b', protocol: 1, stage: 'working', load: 0 } as const;
    const alone = { shard: 2, name: 'a', stage: 'working', peers: [], strangers: [] } as const;
    let status: ClusterStatus = {
      ...alone,
      peers: [peer],
      orphans: [5, 6],
      unheard: [7],
      busConnected: true,
    };
    await using server = await TestServer.start({}, undefined, () => Promise.resolve(status));
    const gauges = async (): Promise<Record<string, number>> => {
      const samples = parseMetrics(await (await server.fetch('/metrics')).text());
      return Object.fromEntries(
        [...samples].filter(([series]) => /^fairsieve_(?:cluster|bus|redis)_/.test(series)),
      );
    };
    const known = {
      fairsieve_bus_connected: 1,
      fairsieve_cluster_databases_orphaned: 2,
      fairsieve_cluster_peers: 1,
      fairsieve_cluster_unheard: 1,
      fairsieve_redis_connected: 1,
    };
    assert.deepEqual(await gauges(), known);
    status = { ...alone, orphans: undefined, unheard: undefined, busConnected: false };
    assert.deepEqual(await gauges(), {
      fairsieve_bus_connected: 0,
      fairsieve_cluster_peers: 0,
      fairsieve_redis_connected: 0,
    });
    status = { ...alone, peers: [peer], orphans: [5, 6], unheard: [7], busConnected: true };
    assert.deepEqual(await gauges(), known);
  });

  it('see requests counted and timed by route and status, never by id', async () => {
    await using server = await TestServer.start();
    const { requestId } = server.service.add();
    await server.fetch(`/requests/${requestId}`);
    await server.fetch('/requests/NOPE');
    await server.submit({ number: 15 });
    await server.submit({ number: 0 });
    await server.fetch('/nope');
    const response = await server.fetch('/metrics');
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0.0.4/);
    const text = await response.text();
    parseMetrics(text);
    const count = (labels: string) =>
      text.includes(`fairsieve_http_request_duration_seconds_count{${labels}} 1\n`);
    assert.ok(count('method="GET",route="/requests/:request_id",status="200"'), text);
    assert.ok(count('method="GET",route="/requests/:request_id",status="404"'), text);
    assert.ok(count('method="POST",route="/requests",status="202"'), text);
    assert.ok(count('method="POST",route="/requests",status="422"'), text);
    assert.ok(!text.includes(requestId));
  });
});

describe('Whoever looks at the service in a browser', () => {
  it('is led from / to a page about the API', async () => {
    await using server = await TestServer.start();
    const root = await server.fetch('/');
    assert.equal(root.status, 302);
    const page = await server.fetch(root.headers.get('location') ?? '');
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  });

  it('gets all that the page needs from this server', async () => {
    await using server = await TestServer.start();
    const page = await server.fetch('/docs/');
    const html = await page.text();
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /https?:|upgrade-insecure-requests/);
    const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    assert.ok(links.length > 3);
    for (const link of links) {
      assert.doesNotMatch(link, /^(https?:)?\/\//);
      const path = new URL(link, `http://127.0.0.1/docs/`).pathname;
      const part = await server.fetch(path);
      assert.equal(part.status, 200, path);
      assert.match(part.headers.get('content-type') ?? '', TYPES[extname(path)] ?? /^$/, path);
    }
    const start = await (await server.fetch('/docs/static/swagger-initializer.js')).text();
    assert.match(start, /"validatorUrl":null/);
    const document = (await (await server.fetch('/docs/json')).json()) as object;
    assert.deepEqual(document, await (await server.fetch('/openapi.json')).json());
  });
});
