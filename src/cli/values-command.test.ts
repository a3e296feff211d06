import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuse, scriptedServer, type Step } from '../client/scripted-server.ts';
import { runCli } from './spawned-cli.ts';

const BIG = 2n ** 127n - 1n;
const ANSWER = `[{"value":144,"prime_factors":[2,2,2,2,3,3]},{"value":${BIG},"prime_factors":[${BIG}]}]`;
const answer: Step = (response) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER);

test('values add prints what is kept, in the order of the numbers, and sends the time to live', async () => {
  await using server = await scriptedServer(answer);
  const args = ['values', 'add', '--url', server.url, '--caller', 'acme', '--ttl', '60', '144', '2^127-1'];
  const { code, stdout } = await runCli(args);
  assert.equal(stdout, `144: 2 2 2 2 3 3\n${BIG}: ${BIG}\n`);
  assert.equal(code, 0);
  assert.equal(server.seen[0]?.path, '/values?ttl=60');
});

test('values add sends many numbers in batches of 1,000, and prints those that were kept before a refusal', async () => {
  const sizes: number[] = [];
  const keep: Step = (response, request) => {
    const numbers = JSON.parse(request.body) as string[];
    sizes.push(numbers.length);
    const values = numbers.map((number) => `{"value":${number},"prime_factors":[${number}]}`);
    response.writeHead(200, { 'content-type': 'application/json' }).end(`[${values.join(',')}]`);
  };
  await using server = await scriptedServer(keep, keep, refuse(422, 'number_invalid'));
  const numbers = Array.from({ length: 2_500 }, () => '7');
  const { code, stdout } = await runCli(['values', 'add', '--url', server.url, ...numbers]);
  assert.deepEqual(sizes, [1_000, 1_000]);
  assert.equal(stdout, '7: 7\n'.repeat(2_000));
  assert.notEqual(code, 0);
});

test('values of prints the values of a prime; with --json as the service has them', async () => {
  await using server = await scriptedServer(answer);
  const args = ['values', 'of', '2', '--url', server.url, '--caller', 'acme', '--json'];
  const { code, stdout } = await runCli(args);
  assert.equal(`[${stdout.trim().split('\n').join(',')}]`, ANSWER);
  assert.equal(code, 0);
  assert.equal(server.seen[0]?.path, '/values/2?caller_id=acme&limit=1000');
});

test('what the service refuses is told, with exit code 1', async () => {
  await using server = await scriptedServer(refuse(422, 'not_prime'));
  const { code, stderr } = await runCli(['values', 'of', '4', '--url', server.url]);
  assert.match(stderr, /because of not_prime/);
  assert.equal(code, 1);
});

for (const [args, message] of [
  [['values'], /Say what to do: add, of/],
  [['values', 'ad', '5'], /no values ad.*add/],
  [['values', 'add', '--ttl', '0', '5'], /--ttl must be a whole number from 1/],
  [['values', 'of'], /one prime/],
  [['values', 'of', '2', '3'], /one prime/],
] as const) {
  test(`${args.join(' ')} is a mistake in the command line`, async () => {
    const { code, stderr } = await runCli([...args]);
    assert.match(stderr, message);
    assert.equal(code, 2);
  });
}
