/** API keys and quotas on the real server, with keys made and revoked while it runs. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createClient } from '../src/client/client.ts';
import type { CallbackSecret } from '../src/contract/callback-secret.ts';
import type { RequestBody } from '../src/contract/request-body.ts';
import type { RequestPage } from '../src/contract/request-page.ts';
import type { Accepted } from '../src/contract/submission.ts';
import { ask, assertProblem, postPatiently, read, type Ask, type Reply } from './support/api.ts';
import { NumberSource, type Composite } from './support/number-source.ts';
import { runProgram } from './support/program.ts';
import { Server } from './support/server.ts';
import { until } from './support/until.ts';

const numbers = new NumberSource(31);

interface Key {
  readonly id: string;
  readonly key: string;
}

/** A server that asks for keys, with a folder for its files. */
class Guarded implements AsyncDisposable {
  readonly server: Server;
  readonly #env: Readonly<Record<string, string>>;
  readonly #folder: string;

  private constructor(server: Server, env: Readonly<Record<string, string>>, folder: string) {
    this.server = server;
    this.#env = env;
    this.#folder = folder;
  }

  /** Starts it with one key for an operator, which is returned too. */
  static async start(
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly guarded: Guarded; readonly operator: Key }> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'fairsieve-access-'));
    const all = { FAIRSIEVE_API_KEYS_FILE: path.join(folder, 'keys.json'), FAIRSIEVE_WORKERS: '1', ...env };
    const operator = await createKey(all, ['--operator']);
    const server = await Server.start({ env: all });
    return { guarded: new Guarded(server, all, folder), operator };
  }

  createKey(callerId: string): Promise<Key> {
    return createKey(this.#env, ['--caller', callerId]);
  }

  async revoke({ id }: Key): Promise<void> {
    assert.equal((await runProgram(['key', 'revoke', id], this.#env)).code, 0);
  }

  ask({ key }: Key, where: string, init: Ask = {}): Promise<Reply> {
    return ask(this.server, where, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });
  }

  async submit(key: Key, number: bigint, door = '/requests'): Promise<Accepted> {
    const body = JSON.stringify({ number: String(number) });
    return read<Accepted>(await this.ask(key, door, { method: 'POST', body }), 202);
  }

  /** The request once it is done, with the factors that it must have. */
  async done(key: Key, requestId: string, { primes }: Composite): Promise<RequestBody> {
    const request = await until(`the end of ${requestId}`, async () => {
      const reply = await this.ask(key, `/requests/${requestId}`, { headers: { prefer: 'wait=1' } });
      const body = read<RequestBody>(reply, 200);
      return body.status === 'done' && body;
    });
    assert.deepEqual(request.prime_factors, primes.map(String));
    return request;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true });
  }
}

async function createKey(env: Readonly<Record<string, string>>, owner: readonly string[]): Promise<Key> {
  const { code, stdout, stderr } = await runProgram(['key', 'create', '--json', ...owner], env);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Key;
}

function sourceOf(request: RequestBody): string | null | undefined {
  const last = request.timeline.at(-1);
  return last?.event === 'finished' ? last.source : undefined;
}

test('keys that are made while the server runs let their callers in, to what is their own; revoked ones do not', async () => {
  const { guarded, operator } = await Guarded.start();
  await using _ = guarded;
  const { server } = guarded;
  assertProblem(await ask(server, '/requests'), 401, 'api_key_missing');
  const [acme, globex] = await Promise.all([guarded.createKey('acme'), guarded.createKey('globex')]);
  await until('the keys are known', async () => (await guarded.ask(globex, '/requests')).status === 200);

  const hard = numbers.semiprime(40);
  const { request_id: id } = await guarded.submit(acme, hard.number);
  assert.equal((await guarded.done(acme, id, hard)).caller_id, 'acme');
  assert.equal((await guarded.done(operator, id, hard)).request_id, id);
  for (const [method, tail] of [
    ['GET', ''],
    ['GET', '/events'],
    ['DELETE', ''],
    ['POST', '/resume'],
    ['POST', '/redeliver'],
  ] as const)
    assertProblem(await guarded.ask(globex, `/requests/${id}${tail}`, { method }), 404, 'request_not_found');
  const page = read<RequestPage>(await guarded.ask(globex, '/requests'), 200);
  assert.deepEqual(page.requests, []);
  assertProblem(await guarded.ask(globex, '/requests?caller_id=acme'), 403, 'caller_forbidden');
  assertProblem(
    await guarded.ask(globex, '/requests', {
      method: 'POST',
      headers: { 'x-caller-id': 'acme' },
      body: '{"number":"15"}',
    }),
    403,
    'caller_forbidden',
  );
  assertProblem(await guarded.ask(acme, '/metrics'), 403, 'operator_only');
  assert.equal((await guarded.ask(operator, '/metrics')).status, 200);

  await guarded.revoke(acme);
  await until('acme is locked out', async () => (await guarded.ask(acme, '/requests')).status === 401);
  assertProblem(await guarded.ask(acme, `/requests/${id}`), 401, 'api_key_invalid');
  assert.equal((await guarded.ask(globex, '/requests')).status, 200);
});

test('a caller reads the secret that fairsieve secret shows, and no key or secret is in any log', async () => {
  const { guarded, operator } = await Guarded.start({ FAIRSIEVE_LOG_LEVEL: 'trace' });
  await using _ = guarded;
  const { server } = guarded;
  const reply = await guarded.ask(operator, '/callback-secret?caller_id=acme');
  const { secret } = read<CallbackSecret>(reply, 200);
  const shown = await runProgram(['secret', '--caller', 'acme'], { FAIRSIEVE_DATA_DIR: server.dataDir });
  assert.equal(shown.stdout.trim(), secret);

  await guarded.ask({ id: '', key: `${operator.key}x` }, '/requests');
  await guarded.ask(operator, `/requests?key=${operator.key}`);
  await server.end('SIGTERM');
  assert.match(server.log, /stopping/);
  const { masterKey } = JSON.parse(
    await readFile(path.join(server.dataDir, 'callback-secrets.json'), 'utf8'),
  ) as { masterKey: string };
  for (const hidden of [operator.key.slice(4), secret.slice(6), masterKey])
    assert.ok(!server.log.includes(hidden));
});

test('with keys, nobody learns from a quick answer what others asked for; FAIRSIEVE_SHARE_RESULTS shares all the same', async () => {
  for (const isShared of [false, true]) {
    const { guarded } = await Guarded.start(isShared ? { FAIRSIEVE_SHARE_RESULTS: 'yes' } : {});
    await using _ = guarded;
    const [acme, globex, initech] = await Promise.all(
      ['acme', 'globex', 'initech'].map((c) => guarded.createKey(c)),
    );
    assert.ok(acme && globex && initech);
    for (const key of [acme, globex, initech])
      await until('the key is known', async () => (await guarded.ask(key, '/requests')).status === 200);

    // In flight together: two of acme, one of globex.
    const hard = numbers.semiprime(50);
    const askers = [acme, globex, acme];
    const asked = await Promise.all(askers.map((key) => guarded.submit(key, hard.number)));
    const sources = await Promise.all(
      askers.map(async (key, i) => sourceOf(await guarded.done(key, asked[i]?.request_id ?? '', hard))),
    );
    assert.equal(sources.filter((source) => source === 'computed').length, isShared ? 1 : 2);
    if (!isShared) assert.equal(sources[1], 'computed');

    // Known from before.
    assert.equal((await guarded.submit(acme, hard.number)).status, 'done');
    const late = await guarded.submit(initech, hard.number);
    assert.equal(late.status, isShared ? 'done' : 'queued');
    await guarded.done(initech, late.request_id, hard);
  }
});

test('quotas bound what a caller has accepted, and come back', async () => {
  const env = {
    FAIRSIEVE_QUOTA_WAITING: '5,globex=1000',
    FAIRSIEVE_QUOTA_PER_MINUTE: '60,globex=3',
    FAIRSIEVE_WORKERS: '1',
  };
  await using server = await Server.start({ env });
  // Whatever was held up is sent again, and counts once.
  const post = (caller: string, count: number): Promise<Reply> => {
    const hard = Array.from({ length: count }, () => String(numbers.semiprime(70).number));
    return postPatiently(server, '/requests', { numbers: hard }, { 'x-caller-id': caller });
  };
  const accepted = await post('acme', 4);
  assert.equal(accepted.headers.get('ratelimit-policy'), '"waiting";q=5, "per-minute";q=60;w=60');
  assert.match(accepted.headers.get('ratelimit') ?? '', /^"waiting";r=1, "per-minute";r=5[6-9];t=\d+$/);
  const { requests } = read<{ requests: Accepted[] }>(accepted, 202);
  const refused = await post('acme', 2);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  assertProblem(refused, 429, 'quota_exceeded');
  assertProblem(await post('acme', 6), 422, 'batch_size_invalid');
  for (const { request_id: id } of requests.slice(0, 2))
    await ask(server, `/requests/${id}`, { method: 'DELETE' });
  assert.equal((await post('acme', 2)).status, 202, 'what ended makes room');

  const crowd = await Promise.all(Array.from({ length: 20 }, () => post('initech', 1)));
  assert.equal(crowd.filter(({ status }) => status === 202).length, 5, 'however many come at once');

  const burst = await Promise.all(Array.from({ length: 10 }, () => post('globex', 1)));
  assert.equal(burst.filter(({ status }) => status === 202).length, 3);
  for (const reply of burst.filter(({ status }) => status !== 202)) {
    assertProblem(reply, 429, 'quota_exceeded');
    assert.ok(Number(reply.headers.get('retry-after')) <= 20);
  }
});

test('what is repeated under its idempotency key is not charged again', async () => {
  await using server = await Server.start({ env: { FAIRSIEVE_QUOTA_PER_MINUTE: '3' } });
  const init = (headers: Ask['headers'] = {}): Ask => ({
    method: 'POST',
    headers: { 'x-caller-id': 'acme', ...headers },
    body: '{"number":"15"}',
  });
  for (let i = 0; i < 3; i++) {
    const reply = await ask(server, '/requests', init({ 'idempotency-key': 'k' }));
    read(reply, 202);
    assert.match(reply.headers.get('ratelimit') ?? '', /^"per-minute";r=2;/);
  }
  for (let i = 0; i < 2; i++) read(await ask(server, '/requests', init()), 202);
  assertProblem(await ask(server, '/requests', init()), 429, 'quota_exceeded');
});

test('what is repeated under its idempotency key is answered as before, also with a quota used up', async () => {
  const env = { FAIRSIEVE_QUOTA_PER_MINUTE: '2', FAIRSIEVE_QUOTA_WAITING: '2,globex=1' };
  await using server = await Server.start({ env: { ...env, FAIRSIEVE_WORKERS: '1' } });
  const hard = (count: number): string[] =>
    Array.from({ length: count }, () => String(numbers.semiprime(70).number));
  const post = (caller: string, body: string[], key: string): Promise<Reply> =>
    ask(server, '/requests', {
      method: 'POST',
      headers: { 'x-caller-id': caller, 'idempotency-key': key },
      body: JSON.stringify({ numbers: body }),
    });
  for (const [caller, body] of [
    ['acme', hard(2)],
    ['globex', hard(1)],
  ] as const) {
    const first = read<{ requests: Accepted[] }>(await post(caller, body, 'k'), 202);
    assertProblem(await post(caller, hard(1), 'other'), 429, 'quota_exceeded');
    const again = read<{ requests: Accepted[] }>(await post(caller, body, 'k'), 202);
    assert.deepEqual(
      again.requests.map(({ request_id }) => request_id),
      first.requests.map(({ request_id }) => request_id),
    );
    assertProblem(await post(caller, hard(body.length), 'k'), 422, 'idempotency_conflict');
    assertProblem(await post(caller, hard(1), 'other'), 429, 'quota_exceeded');
  }
});

test('the client shows its key, and learns who it is from it', async () => {
  const { guarded } = await Guarded.start();
  await using _ = guarded;
  const acme = await guarded.createKey('acme');
  const client = createClient({ url: guarded.server.url, apiKey: acme.key });
  await until('the key is known', async () => (await guarded.ask(acme, '/requests')).status === 200);
  const { factors } = await client.factor(15);
  assert.deepEqual(
    factors.map(({ prime }) => prime),
    [3n, 5n],
  );
  for await (const request of client.list()) assert.equal(request.caller_id, 'acme');
  await assert.rejects(createClient({ url: guarded.server.url, apiKey: 'none' }).factor(15), {
    code: 'api_key_invalid',
  });
});
