import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { runCli, startCli } from './spawned-cli.ts';

/** 3 · 501203 · 443418473521 · a composite of 140 digits that takes years. */
const ENDLESS = '2^521+1';

test('numbers and expressions are printed with their primes in the order given', async () => {
  const { code, stdout, stderr } = await runCli(['factor', '360', '1', '2^31-1', '0xff', '30!+1', '2^128+1']);
  // Whether a large prime is proven is the kernel's matter.
  assert.deepEqual(stdout.replaceAll('[probable]', '').split('\n'), [
    '360: 2 2 2 3 3 5',
    '1:',
    '2147483647: 2147483647',
    '255: 3 5 17',
    '265252859812191058636308480000001: 31 12421 82561 1080941 7719068319927551',
    '340282366920938463463374607431768211457: 59649589127497217 5704689200685129054721',
    '',
  ]);
  assert.deepEqual([code, stderr], [0, '']);
});

test('--json prints integers as strings, with certainty, completeness, time and method', async () => {
  const { code, stdout } = await runCli(['factor', '--json', '100000000000000000050700000000000000004563']);
  const { seconds, algorithm, ...rest }: Record<string, unknown> = JSON.parse(
    stdout.replaceAll('probable', 'proven'),
  );
  assert.deepEqual(rest, {
    input: '100000000000000000050700000000000000004563',
    index: 1,
    number: '100000000000000000050700000000000000004563',
    factors: [
      { prime: '100000000000000000039', exponent: 1, certainty: 'proven' },
      { prime: '1000000000000000000117', exponent: 1, certainty: 'proven' },
    ],
    complete: true,
  });
  assert.ok(typeof seconds === 'number' && seconds > 0);
  assert.ok(algorithm === 'ecm' || algorithm === 'siqs', String(algorithm));
  assert.equal(code, 0);
});

test('the method is called small below 2^104 and by its name from there on', async () => {
  const { stdout } = await runCli(['factor', '--json', '2^104-1', '2^104']);
  const methods = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { algorithm: string }).algorithm);
  assert.deepEqual(
    methods.map((method) => method === 'small'),
    [true, false],
  );
});

test('standard input is read by lines; blank lines and comments are passed over, bad lines are named and cost only themselves', async () => {
  const { code, stdout, stderr } = await runCli(
    ['factor', '-'],
    '15\n\n# a comment\nfifteen\n 7 * 11 \n0\n9',
  );
  assert.equal(stdout, '15: 3 5\n77: 7 11\n9: 3 3\n');
  assert.match(stderr, /^fairsieve: line 4: .*"fifteen".*\nfairsieve: line 6: .*at least 1.*\n$/);
  assert.equal(code, 1);
});

test('a line without end is refused, not gathered', async () => {
  const { code, stdout, stderr } = await runCli(['factor', '-'], `${'1'.repeat(3_000_000)}\n21\n`);
  assert.equal(stdout, '21: 3 7\n');
  assert.match(stderr, /line 1: .*at most/);
  assert.equal(code, 1);
});

test('an answer comes as soon as its line is there, before the input has ended', async () => {
  const { child, ended } = startCli(['factor', '-']);
  child.stdin.write('21\n');
  const [chunk]: Buffer[] = await once(child.stdout, 'data');
  assert.equal(String(chunk), '21: 3 7\n');
  child.stdin.end('35\n');
  const { code } = await ended;
  assert.equal(code, 0);
});

test('several threads give the same lines in the same order', async () => {
  const numbers = Array.from({ length: 2_000 }, (_, i) =>
    i % 100 === 50 ? `10^30+${i}` : `10^15+${i}`,
  ).join('\n');
  const [one, three] = await Promise.all([
    runCli(['factor', '-'], numbers),
    runCli(['factor', '--threads', '3', '-'], numbers),
  ]);
  assert.equal(one.stdout.split('\n').length, 2_001);
  assert.equal(three.stdout, one.stdout);
  assert.deepEqual([one.code, three.code], [0, 0]);
});

test('threads without a number of their own help with a long one, and leave it for what comes', async () => {
  const { child, ended } = startCli(['factor', '--json', '--threads', '3', '-']);
  // 57 digits, on which two more threads come to work; then numbers that need them.
  child.stdin?.write('(10^28+331)*(3*10^28+1)\n');
  await sleep(500);
  child.stdin?.end('10^15+37\n2^67-1\n(10^28+331)*(3*10^28+1)\n');
  const { code, stdout } = await ended;
  const lines = stdout
    .trim()
    .split('\n')
    .map((line): { factors: { prime: string }[] } => JSON.parse(line));
  assert.deepEqual(
    new Set(lines.map(({ factors }) => factors.map(({ prime }) => prime).join(' '))),
    new Set([
      '10000000000000000000000000331 30000000000000000000000000001',
      '1000000000000037',
      '193707721 761838257287',
    ]),
  );
  assert.deepEqual([lines.length, code], [4, 0]);
});

test('each line of --json tells which argument it is about; what is no number has an error there', async () => {
  const { code, stdout, stderr } = await runCli([
    'factor',
    '--json',
    '--threads',
    '2',
    '2^64+1',
    'x',
    '0xff',
  ]);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line))
    .toSorted((a, b) => Number(a.index) - Number(b.index));
  assert.deepEqual(
    lines.map(({ index, input, number, error }) => [index, input, number ?? error]),
    [
      [1, '2^64+1', '18446744073709551617'],
      [2, 'x', 'Cannot accept number "x": a number is expected at character 1, not "x"'],
      [3, '0xff', '255'],
    ],
  );
  assert.deepEqual([code, stderr], [1, '']);
});

test('with --json the index of a line of standard input counts all lines', async () => {
  const { stdout } = await runCli(['factor', '--json', '-'], '\n# 4\n15\n');
  const { index, input }: Record<string, unknown> = JSON.parse(stdout);
  assert.deepEqual([index, input], [3, '15']);
});

test('what begins with a minus and a digit is a number, wherever it stands: refused by its value, or taken', async () => {
  const { code, stdout, stderr } = await runCli(['factor', '15', '-57', '-2^2+25', '--', '-3']);
  assert.equal(stdout, '15: 3 5\n21: 3 7\n');
  assert.match(stderr, /number -57: it is -57, at least 1.*\n.*number -3: /);
  assert.equal(code, 1);
});

test('the name of a file says how its numbers are read', async () => {
  const { code, stderr } = await runCli(['factor', 'package.json']);
  assert.match(
    stderr,
    /Cannot accept number "package\.json": .*; to read numbers from that file, give - and < package\.json\n/,
  );
  assert.equal(code, 1);
});

test('with --json what is finished first is printed first', async () => {
  const { child, ended } = startCli(['factor', '--json', '--threads', '2', ENDLESS, '15']);
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  const { stdout } = await ended;
  const numbers = stdout
    .trim()
    .split('\n')
    .map((line): { number: string } => JSON.parse(line));
  assert.deepEqual(
    numbers.map(({ number }) => number.length),
    [2, 157],
  );
});

test('at the end of --timeout what is known is printed, the rest marked composite, and the exit code is 1', async () => {
  const { code, stdout } = await runCli(['factor', '--timeout', '4', ENDLESS, '21']);
  assert.match(stdout, /^\d{157}: 3 501203 443418473521 \d{140}\[composite\]\n21: 3 7\n$/);
  assert.equal(code, 1);
});

for (const threads of ['1', '2']) {
  test(`Ctrl-C prints what is known and exits 130, with ${threads} thread(s)`, async () => {
    const { child, ended } = startCli(['factor', '--threads', threads, '-']);
    child.stdin.write(`15\n${ENDLESS}\n`);
    await once(child.stdout, 'data');
    await sleep(3_000);
    // A terminal's Ctrl-C may arrive more than once, by way of npm or the launcher.
    child.kill('SIGINT');
    child.kill('SIGINT');
    const { code, stdout } = await ended;
    assert.match(stdout, /^15: 3 5\n\d{157}: (\d+ )*\d+\[composite\]\n$/);
    assert.equal(code, 130);
  });
}

test('Ctrl-C does not wait for input at which nobody types', async () => {
  const { child, ended } = startCli(['factor', '-']);
  child.stdin.write('15\n');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  assert.equal((await ended).code, 130);
});

test('when the reader goes away it stops, quietly', async () => {
  const { child, ended } = startCli(['factor', '-']);
  child.stdin.on('error', () => undefined);
  child.stdin.write('15\n');
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const feeding = setInterval(() => child.stdin.write('21\n'), 10);
  const { code, stderr } = await ended.finally(() => clearInterval(feeding));
  assert.deepEqual([code, stderr], [141, '']);
});

test('mistakes in the command line exit 2 and say what was probably meant', async () => {
  const cases: [string[], RegExp][] = [
    [['facter', '15'], /no command facter: did you mean factor\?/],
    [['constructor'], /no command constructor/],
    [['factor', '--jsno', '15'], /no option --jsno: did you mean --json\?/],
    [['factor', '--threads', '0', '15'], /--threads must be a whole number from 1 to 256: it is "0"/],
    [['factor', '--threads'], /--threads needs a value/],
    [['factor', '--json=yes', '15'], /--json takes no value/],
    [['factor', '--timeout', '-1', '15'], /--timeout/],
    [
      ['factor', '--timeout', '5s', '15'],
      /above 0 and at most 31536000, in decimal digits such as 2\.5: it is "5s"/,
    ],
    [['serve', '-7'], /serve takes no arguments/],
    [['factor'], /Give numbers/],
    [['factor', '15', '-'], /stands alone/],
    [['serve', '--port', '1'], /no option --port/],
    [['submit', '--url', 'localhost', '15'], /--url must be an http or https URL/],
    [['submit', '--caller', 'a\nb', '15'], /--caller .* control characters/],
    [['result'], /Give the ids/],
  ];
  const outcomes = await Promise.all(cases.map(([args]) => runCli(args)));
  for (const [i, { code, stdout, stderr }] of outcomes.entries()) {
    const [args, expected] = cases[i] ?? [[], /never/];
    assert.match(stderr, expected, args.join(' '));
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
  }
});

test('every command explains itself', async () => {
  const [all, version, ...each] = await Promise.all([
    runCli([]),
    runCli(['--version']),
    ...['factor', 'serve', 'submit', 'result', 'help', 'version'].map((name) => runCli([name, '--help'])),
  ]);
  for (const name of ['factor', 'serve', 'submit', 'result'])
    assert.match(all.stdout, new RegExp(`^  ${name} `, 'm'));
  assert.match(version.stdout, /^fairsieve \d+\.\d+\.\d+ \(Node\.js \d+/);
  for (const { code, stdout } of each) {
    assert.match(stdout, /^Usage: fairsieve \w+/);
    assert.equal(code, 0);
  }
  assert.match(each[1]?.stdout ?? '', /FAIRSIEVE_DATA_DIR/);
});
