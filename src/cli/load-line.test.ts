import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandLine } from './command-line.ts';
import { loadCommand } from './load-command.ts';
import { loadLine, type LoadLine } from './load-line.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

function understood(args: string, env: Record<string, string> = {}): LoadLine {
  const words = args === '' ? [] : args.split(' ');
  return loadLine(new CommandLine(words, loadCommand.options), env, { seed: 5, runId: 'k3f9a' });
}

test('without options it is a mixed load of 30 s against a server of its own', () => {
  const { plan, urls, secret, assertions } = understood('');
  assert.deepEqual(
    [plan.mode, plan.pace, plan.durationMs, plan.seed],
    ['mixed', { kind: 'open', perSecond: 50, arrivals: 'poisson' }, 30_000, 5],
  );
  assert.deepEqual([urls, secret, assertions], [[], undefined, []]);
  assert.deepEqual(plan.receiver, { host: '127.0.0.1', port: 0, publicUrl: undefined });
});

test('every option is understood', () => {
  const { plan, urls, secret, assertions, jsonFile, htmlFile } = understood(
    '--url http://a:1 --url https://b.example/base/ --mode async --rate 2.5 --arrivals constant --duration 2m --ramp 10 ' +
      '--spike at=0s,for=500ms,x=10 --spike at=1m,for=5s,x=0 --callers 1 --skew zipf --digits 20-40 --seed 4294967295 ' +
      `--wait events --grace 0 --threads 2 --connections-max 64 --listen [::1]:8090 --callback-url http://me.example/x --secret ${SECRET} ` +
      '--api-key fsk_x --assert sync.p99<100ms --assert jain>=0.9 --json a.json --html b.html',
  );
  assert.deepEqual(plan, {
    apiKey: 'fsk_x',
    mode: 'async',
    pace: { kind: 'open', perSecond: 2.5, arrivals: 'constant' },
    durationMs: 120_000,
    rampMs: 10_000,
    spikes: [
      { atMs: 0, forMs: 500, factor: 10 },
      { atMs: 60_000, forMs: 5_000, factor: 0 },
    ],
    callers: 1,
    runId: undefined,
    skew: 'zipf',
    digits: { min: 20, max: 40 },
    seed: 4_294_967_295,
    wait: 'events',
    receiver: { host: '::1', port: 8090, publicUrl: 'http://me.example/x' },
    graceMs: 0,
    threads: 2,
    connectionsMax: 64,
  });
  assert.deepEqual(urls, ['http://a:1', 'https://b.example/base']);
  assert.equal(secret, SECRET);
  assert.deepEqual(
    assertions.map(({ metric, comparison, bound }) => [metric.name, comparison, bound]),
    [
      ['sync.p99', '<', 100],
      ['jain', '>=', 0.9],
    ],
  );
  assert.deepEqual([jsonFile, htmlFile], ['a.json', 'b.html']);
});

test('results are learned of by callback in an async load, and by long-poll in others; connections make a closed load', () => {
  assert.equal(understood('--mode async').plan.wait, 'callback');
  assert.equal(understood('--mode queued').plan.wait, 'long-poll');
  assert.equal(understood('--mode mixed --wait callback').plan.wait, 'callback');
  assert.deepEqual(understood('--connections 7').plan.pace, { kind: 'closed', connections: 7 });
  assert.equal(understood('--mode sync').plan.receiver, undefined);
  assert.deepEqual(understood('--digits 18').plan.digits, { min: 18, max: 18 });
});

test('what the service is to call can stand in JSON of ASCII, whatever was typed', () => {
  const publicUrl = (text: string) => understood(`--callback-url ${text}`).plan.receiver?.publicUrl;
  assert.equal(publicUrl('http://me.example/a"b'), 'http://me.example/a%22b');
  assert.equal(publicUrl('http://m\u00e9.example/\u00e9'), 'http://xn--m-bga.example/%C3%A9');
});

test('callers are named after the run on a service that others load too, but not where a secret or weights know them by name', () => {
  assert.equal(understood('--url http://a').plan.runId, 'k3f9a');
  assert.equal(understood('').plan.runId, undefined);
  assert.equal(understood(`--url http://a --callers 1 --secret ${SECRET}`).plan.runId, undefined);
});

test('secret and key come from the environment too', () => {
  const env = {
    FAIRSIEVE_CALLBACK_SECRET: SECRET,
    FAIRSIEVE_API_KEY: 'fsk_y',
    FAIRSIEVE_URL: 'http://production',
  };
  const { plan, secret } = understood('--url http://a --callers 1', env);
  assert.deepEqual([plan.apiKey, secret], ['fsk_y', SECRET]);
  assert.deepEqual(
    understood('', env).urls,
    [],
    'a service is put under load only when it is named on the line',
  );
});

test('each mistake is told with the value and its bound', () => {
  const cases: [string, RegExp][] = [
    ['here', /load takes options only: not "here"/],
    ['--mode asink', /--mode must be one of queued, sync, async, values, mixed: it is "asink"/],
    ['--rate 0', /--rate must be a number of arrivals per second from 0\.001 to 1000000: it is "0"/],
    ['--rate 1e3', /--rate .*"1e3"/],
    ['--rate 1000001', /--rate .*"1000001"/],
    ['--connections 0', /--connections must be a whole number from 1 to \d+: it is "0"/],
    ['--connections 5 --rate 5', /either --connections.*or --rate/],
    ['--connections 5 --arrivals poisson', /either --connections.*or --arrivals/],
    ['--connections 5 --ramp 1s', /--ramp and --spike change a rate/],
    ['--connections 5 --spike at=1s,for=1s,x=2', /--ramp and --spike change a rate/],
    ['--arrivals bursty', /--arrivals must be one of poisson, constant/],
    ['--duration 0', /--duration must be a time from 1ms to 24h, such as 500ms, 30s or 2m: it is "0"/],
    ['--duration 25h', /--duration .*"25h"/],
    ['--duration 5d', /--duration .*"5d"/],
    ['--duration 10s --ramp 11s', /--ramp must not be longer than the load of 10 s: it is "11s"/],
    ['--spike at=10s', /--spike must be at=TIME,for=TIME,x=FACTOR, .*: it is "at=10s"/],
    ['--spike at=10s,for=5s,x=10,y=1', /--spike must be/],
    ['--spike at=40s,for=5s,x=10', /--spike at= must lie within the load of 30 s: it is "40s"/],
    ['--spike at=1s,for=0,x=10', /--spike for= must be a time from 1ms/],
    ['--spike at=1s,for=1s,x=1001', /--spike x= must be a number from 0 to 1000: it is "1001"/],
    ['--spike at=1s,for=1s,x=-1', /--spike x= .*"-1"/],
    ['--callers 0', /--callers must be a whole number from 1 to 10000/],
    ['--skew fair', /--skew must be one of uniform, zipf, one-hog/],
    ['--skew one-hog --callers 1', /--skew one-hog needs --callers of at least 2/],
    ['--digits 1', /--digits must be a number from \d+ to \d+, or two of them, such as 20-40: it is "1"/],
    ['--digits 40-20', /--digits .*"40-20"/],
    ['--digits 999', /--digits .*"999"/],
    ['--seed 4294967296', /--seed must be a whole number from 0 to 4294967295/],
    ['--wait callback --mode sync', /--wait callback goes with --mode async and mixed: the mode is sync/],
    ['--wait psychic', /--wait must be one of poll, long-poll, events, callback/],
    ['--grace never', /--grace must be a time from 0ms/],
    ['--threads 65', /--threads must be a whole number from 1 to 64/],
    ['--connections-max 1', /--connections-max must be a whole number from 2/],
    ['--listen 8090', /--listen must be ADDRESS:PORT, such as 127\.0\.0\.1:8090 or \[::1\]:0: it is "8090"/],
    ['--listen a:70000', /--listen .*"a:70000"/],
    ['--callback-url ftp://x', /--callback-url must be an http or https URL, such as .*: it is "ftp:\/\/x"/],
    ['--callback-url http://me?b', /--callback-url must have no user, query or fragment/],
    ['--callback-url http://u:hush@me', /--callback-url must have no user(?!.*hush)/],
    ['--mode sync --listen 127.0.0.1:0', /--listen is for callbacks, and --mode sync has none/],
    [`--mode values --secret ${SECRET}`, /--secret is for callbacks, and --mode values has none/],
    [`--self --secret ${SECRET}`, /--secret is for a service named with --url/],
    [`--url http://a --secret ${SECRET}`, /--secret .* is that of one caller: give --callers 1, not 10/],
    ['--self --api-key fsk_x', /--api-key is for a service named with --url/],
    ['--json -', /--json must name a file: it is "-"/],
    [
      '--connections 3 --connections-max 2',
      /--connections-max must be at least --connections, which is 3: it is 2/,
    ],
    ['--spike at=1s,for=1s,x=2,x=3', /--spike must be/],
    ['--rate --duration 5s', /--rate needs a value/],
    ['--url http://127.0.0.1:99999', /--url must have a port of at most 65535: it is 99999/],
    ['--assert jain>2', /jain is at most 1/],
    ['--url localhost', /--url must be an http or https URL, such as .*: it is "localhost"/],
    ['--url http://a?b', /--url must have no user, query or fragment/],
    ['--url http://a --self', /either --url or --self/],
    ['--assert sync.p99<100', /--assert "sync\.p99<100": .*it is "100"/],
  ];
  for (const [args, message] of cases)
    assert.throws(() => understood(args), { name: 'UsageError', message }, args);
});

test('a secret or key with a slip in it is not repeated', () => {
  for (const args of [
    '--url http://a --secret hush-hush',
    '--url http://a --api-key hush\u00e9hush',
    '--url http://user:hush@a',
    '--url http://user:hush@a:99999',
    '--url http://user:hush@',
    '--url http://user:hush/hush@a b',
    '--mode async --callback-url ftp://user:hush@a',
    '--callback-url http://user:hush/hush@a',
    '--callback-url http://a/hook?hush',
  ])
    assert.throws(
      () => understood(args),
      (error: Error) => error.name === 'UsageError' && !/hush/.test(error.message),
    );
});
