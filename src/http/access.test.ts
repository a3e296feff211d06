import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ApiKeyRecord, KeyOwner } from '../access/api-key-file.ts';
import type { CallbackSecret } from '../contract/callback-secret.ts';
import type { RequestPage } from '../contract/request-page.ts';
import { problemOf, TestServer, until } from './test-server.ts';

const ACME = 'key-of-acme';
const ZOE = 'key-of-zoe';
const OPERATOR = 'key-of-the-operator';

type Init = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

interface Guarded {
  readonly server: TestServer;
  /** As the owner of `key`. */
  readonly ask: (key: string | undefined, path: string, init?: Init) => Promise<Response>;
  readonly revoke: (key: string) => void;
}

async function start(): Promise<Guarded> {
  const owners = new Map<string, KeyOwner>([
    [ACME, { kind: 'caller', callerId: 'acme' }],
    [ZOE, { kind: 'caller', callerId: 'Zoë' }],
    [OPERATOR, { kind: 'operator' }],
  ]);
  const find = (key: string): ApiKeyRecord | undefined => {
    const owner = owners.get(key);
    return owner && { id: `id of ${key}`, owner, hash: '', createdAtMs: 0 };
  };
  const server = await TestServer.start(
    { waitMsMax: 60_000 },
    {
      keys: { find },
      secretsOf: (callerId) => ({
        current: `whsec_${Buffer.from(callerId).toString('base64')}`,
        former: [{ secret: 'whsec_b2xk', signsUntilMs: 0 }],
      }),
    },
  );
  return {
    server,
    ask: (key, path, init) =>
      server.fetch(path, {
        ...init,
        headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...init?.headers },
      }),
    revoke: (key) => owners.delete(key),
  };
}

const POST_15: Init = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"number":"15"}',
};

/** Every way to a request of one's own. */
const TO_A_REQUEST = [
  ['GET', ''],
  ['GET', '/events'],
  ['DELETE', ''],
  ['POST', '/resume'],
  ['POST', '/redeliver'],
] as const;

describe('With API keys', () => {
  it('whoever shows none is refused everywhere but where nothing is at stake', async () => {
    const { server, ask } = await start();
    await using _ = server;
    const { requestId } = server.service.add();
    const closed: [string, Init?][] = [
      ['/requests', POST_15],
      ['/sync', POST_15],
      ['/async', POST_15],
      ['/values', POST_15],
      ['/values/5'],
      ['/values/batches/x'],
      ['/requests'],
      [`/requests?request_id=${requestId}`],
      ['/metrics'],
      ['/callback-secret'],
      ...TO_A_REQUEST.map(([method, tail]): [string, Init] => [`/requests/${requestId}${tail}`, { method }]),
    ];
    for (const [path, init] of closed) {
      const response = await ask(undefined, path, init);
      const { status, code } = await problemOf(response);
      assert.deepEqual([status, code], [401, 'api_key_missing'], path);
      assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="fairsieve"');
    }
    assert.equal((await ask(undefined, `/requests/${requestId}`, { method: 'HEAD' })).status, 401);
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/docs/'])
      assert.equal((await ask(undefined, path)).status, 200, path);
    assert.deepEqual(server.service.accepted, []);
  });

  it('a key that is not known, or comes in another form, is refused', async () => {
    const { server, ask } = await start();
    await using _ = server;
    const response = await ask(`${ACME}x`, '/requests');
    assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="fairsieve", error="invalid_token"');
    assert.equal((await problemOf(response)).code, 'api_key_invalid');
    for (const authorization of [`Basic ${ACME}`, ACME, 'Bearer', `Bearer ${ACME} ${ACME}`, `Token ${ACME}`])
      assert.equal((await ask(undefined, '/requests', { headers: { authorization } })).status, 401);
    for (const authorization of [`bearer ${ACME}`, `BEARER   ${ACME}`])
      assert.equal((await ask(undefined, '/requests', { headers: { authorization } })).status, 200);
    assert.equal((await ask(undefined, `/requests?api_key=${ACME}`)).status, 401);
  });

  it('a key says who is asking, at every door', async () => {
    const { server, ask } = await start();
    await using _ = server;
    const async = { ...POST_15, body: '{"number":"15","callback_url":"https://hooks.example.com/"}' };
    for (const [path, init] of [
      ['/requests', POST_15],
      ['/sync', { ...POST_15, headers: { 'content-type': 'application/json', prefer: 'respond-async' } }],
      ['/async', async],
    ] as const)
      assert.equal((await ask(ZOE, path, init)).status, 202, path);
    assert.deepEqual(
      server.service.accepted.map(({ callerId }) => callerId),
      ['Zoë', 'Zoë', 'Zoë'],
    );
  });

  it('the caller may be named besides, but no other one, wherever it is named', async () => {
    const { server, ask } = await start();
    await using _ = server;
    const { requestId } = server.service.add();
    for (const headers of [{ 'x-caller-id': 'acme' }, { caller_id: 'acme' }])
      assert.equal((await ask(ACME, '/requests', { headers })).status, 200);
    assert.equal((await ask(ZOE, '/requests?caller_id=Zo%C3%AB')).status, 200);
    const others: [string, Init?][] = [
      ['/requests?caller_id=globex', POST_15],
      ['/requests', { ...POST_15, headers: { 'x-caller-id': 'globex' } }],
      ['/requests?caller_id=globex'],
      [`/requests/${requestId}`, { headers: { 'caller-id': 'globex' } }],
      ['/callback-secret?caller_id=globex'],
    ];
    for (const [path, init] of others) {
      const { status, code, detail } = await problemOf(await ask(ACME, path, init));
      assert.deepEqual([status, code], [403, 'caller_forbidden'], path);
      assert.match(detail, /"acme".*"globex"/);
    }
    assert.deepEqual(server.service.accepted, []);
  });

  it('a request of another caller is answered exactly as one that does not exist, and at once', async () => {
    const { server, ask } = await start();
    await using _ = server;
    const { requestId } = server.service.add({ callerId: 'globex' });
    const nothing = '9'.repeat(28);
    const startMs = performance.now();
    for (const [method, tail] of TO_A_REQUEST) {
      const init = { method, headers: { prefer: 'wait=60' } };
      const [foreign, absent] = await Promise.all(
        [requestId, nothing].map(async (id) => problemOf(await ask(ACME, `/requests/${id}${tail}`, init))),
      );
      assert.equal(foreign?.status, 404);
      assert.deepEqual(JSON.parse(JSON.stringify(foreign).replaceAll(requestId, nothing)), absent);
    }
    const byQuery = await ask(ACME, `/requests?request_id=${requestId}`, { headers: { prefer: 'wait=60' } });
    assert.equal(byQuery.status, 404);
    assert.ok(performance.now() - startMs < 30_000, 'a wait would tell that there is something to wait for');
    assert.equal(server.service.requests.get(requestId)?.status, 'queued');
  });

  it("a caller's list has its own requests only; an operator's has all, and may be filtered", async () => {
    const { server, ask } = await start();
    await using _ = server;
    for (const callerId of ['acme', 'globex', 'acme', 'Zoë']) server.service.add({ callerId });
    const callers = async (key: string, query = ''): Promise<string[]> => {
      const page = (await (await ask(key, `/requests${query}`)).json()) as RequestPage;
      return page.requests.map(({ caller_id }) => caller_id);
    };
    assert.deepEqual(await callers(ACME), ['acme', 'acme']);
    assert.deepEqual(await callers(ACME, '?mode=queued&caller_id=acme'), ['acme', 'acme']);
    assert.deepEqual(await callers(OPERATOR), ['Zoë', 'acme', 'globex', 'acme']);
    assert.deepEqual(await callers(OPERATOR, '?caller_id=globex'), ['globex']);
  });

  it('a caller sees and changes what is its own, and an operator what is anyone’s, for any caller', async () => {
    const { server, ask } = await start();
    await using _ = server;
    for (const key of [ACME, OPERATOR]) {
      const { requestId } = server.service.add();
      assert.equal((await ask(key, `/requests/${requestId}`)).status, 200);
      assert.equal((await ask(key, `/requests/${requestId}`, { method: 'DELETE' })).status, 200);
      assert.equal((await ask(key, `/requests/${requestId}/events`)).status, 200);
    }
    assert.equal((await problemOf(await ask(OPERATOR, '/requests', POST_15))).code, 'caller_id_missing');
    assert.equal((await ask(OPERATOR, '/requests?caller_id=globex', POST_15)).status, 202);
    assert.equal(server.service.accepted.at(-1)?.callerId, 'globex');
  });

  it('values are posted and asked for as the caller of the key, and batches of another caller do not exist', async () => {
    const { server, ask } = await start();
    await using _ = server;
    const body: Init = { ...POST_15, body: '[15]' };
    assert.equal((await ask(ACME, '/values', body)).status, 200);
    assert.equal((await ask(ACME, '/values/5')).status, 200);
    assert.equal((await ask(OPERATOR, '/values/5?caller_id=acme')).status, 200);
    assert.equal((await ask(ZOE, '/values?caller_id=acme', body)).status, 403);
    assert.equal((await ask(ZOE, '/values/5?caller_id=acme')).status, 403);
    assert.deepEqual(
      [server.service.posted, server.service.valueQueries].map((calls) =>
        calls.map(({ callerId }) => callerId),
      ),
      [['acme'], ['acme', 'acme']],
    );
    const { requestId } = server.service.add({ requestId: '0'.repeat(28), mode: 'values' });
    server.service.batchResult = { kind: 'values', values: [] };
    const statusFor = async (key: string): Promise<number> =>
      (await ask(key, `/values/batches/${requestId}-1`)).status;
    assert.deepEqual(
      [await statusFor(ACME), await statusFor(OPERATOR), await statusFor(ZOE)],
      [200, 200, 404],
    );
  });

  it('an event stream tells nothing more once its key is revoked', async () => {
    for (const key of [ACME, OPERATOR]) {
      const { server, ask, revoke } = await start();
      await using _ = server;
      const { requestId } = server.service.add();
      const response = await ask(key, `/requests/${requestId}/events`);
      await until(() => server.service.watching.size > 0);
      revoke(key);
      server.service.change(requestId, { status: 'done', complete: true });
      const text = await response.text();
      assert.match(text, /"status":"queued"/);
      assert.doesNotMatch(text, /"status":"done"/);
      assert.equal((await ask(key, `/requests/${requestId}`)).status, 401);
    }
  });

  it('metrics are for operators', async () => {
    const { server, ask } = await start();
    await using _ = server;
    assert.equal((await problemOf(await ask(ACME, '/metrics'))).code, 'operator_only');
    assert.equal((await ask(OPERATOR, '/metrics')).status, 200);
  });

  it('a caller reads its own callback secret, and an operator that of whom it names', async () => {
    const { server, ask } = await start();
    await using _ = server;
    const response = await ask(ACME, '/callback-secret');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.deepEqual((await response.json()) as CallbackSecret, {
      caller_id: 'acme',
      secret: 'whsec_YWNtZQ==',
      former_secrets: [{ secret: 'whsec_b2xk', signs_until: '1970-01-01T00:00:00.000Z' }],
    });
    const other = (await (await ask(OPERATOR, '/callback-secret?caller_id=globex')).json()) as CallbackSecret;
    assert.equal(other.caller_id, 'globex');
    assert.equal((await problemOf(await ask(OPERATOR, '/callback-secret'))).code, 'caller_id_missing');
  });

  it('keys are in no answer and no log, whatever goes wrong', async () => {
    const { server, ask } = await start();
    await using _ = server;
    server.service.failure = new Error('the store is gone');
    const texts = await Promise.all(
      [ACME, `${ACME}?`, OPERATOR].map(async (key) => (await ask(key, '/requests')).text()),
    );
    assert.equal(server.logged.length, 2);
    const told = JSON.stringify([texts, server.logged.map(({ context }) => Object.entries(context))]);
    for (const key of [ACME, OPERATOR]) assert.ok(!told.includes(key));
  });
});

describe('Without API keys', () => {
  it('a key that is shown counts for nothing, and no secret is told', async () => {
    await using server = await TestServer.start();
    const headers = { authorization: `Bearer ${ACME}` };
    assert.equal((await server.submit({ number: '15' }, headers)).status, 202);
    const { status, code } = await problemOf(await server.fetch('/callback-secret?caller_id=acme'));
    assert.deepEqual([status, code], [403, 'keys_not_in_use']);
  });
});
