/** `fairsieve load`: how a service does under a load, with its callbacks and its fairness, and whether every answer is right. */
import { constants } from 'node:fs';
import { access, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorMessage } from '../base/error-message.ts';
import { randomFraction } from '../base/random.ts';
import { createClient } from '../client/client.ts';
import type { LoadOptions } from '../loadgen/load-options.ts';
import type { LoadResult } from '../loadgen/load-result.ts';
import { reportPage } from '../loadgen/report/html/page.ts';
import { jsonReport } from '../loadgen/report/json-report.ts';
import { OTHER_METRIC_NAMES, DISTRIBUTION_NAMES, STATISTIC_NAMES } from '../loadgen/report/metric.ts';
import { textReport } from '../loadgen/report/text-report.ts';
import { verdictOf, type Verdict } from '../loadgen/report/verdict.ts';
import { runLoad } from '../loadgen/run-load.ts';
import { CallbackProbeError, probeCallbacks } from './callback-probe.ts';
import type { CommandLine } from './command-line.ts';
import type { Command, Option } from './command.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { Interruption } from './interruption.ts';
import { ARRIVALS, LOAD_DEFAULTS, LOAD_MODES, loadLine, SKEWS, WAITS, type LoadLine } from './load-line.ts';
import { LoadView } from './load-view.ts';
import { OwnServerError, startOwnServer, type OwnServer } from './own-server.ts';
import { UsageError } from './usage-error.ts';

/** How long a service may take to show that it is there, and to call back once. */
const HEALTH_MS_MAX = 5_000;
const PROBE_MS_MAX = 10_000;
/** Whose request the one before the load is. */
const PROBE_CALLER = 'load-probe';

const OPTIONS: Readonly<Record<string, Option>> = {
  url: { value: 'URL', about: 'the service; several times for several origins, which take turns' },
  self: { about: 'a server of its own in a temporary folder (the default without --url)' },
  mode: { value: 'MODE', about: `${LOAD_MODES.join(', ')} (${LOAD_DEFAULTS.mode}: all four in turn)` },
  rate: {
    value: 'N',
    about: `arrivals per second, planned whatever the service does (${LOAD_DEFAULTS.rate})`,
  },
  arrivals: { value: 'KIND', about: `${ARRIVALS.join(' or ')} (${LOAD_DEFAULTS.arrivals})` },
  connections: {
    value: 'N',
    about: 'instead of --rate: N connections, each asking again as soon as it is answered',
  },
  'connections-max': { value: 'N', about: `with --rate: most connections (${LOAD_DEFAULTS.connectionsMax})` },
  duration: { value: 'TIME', about: `how long arrivals are planned for (${LOAD_DEFAULTS.duration})` },
  ramp: { value: 'TIME', about: 'the rate rises for so long at the beginning (0)' },
  spike: {
    value: 'at=TIME,for=TIME,x=N',
    about: 'the rate is multiplied for a while; several times for several',
  },
  callers: { value: 'N', about: `callers (${LOAD_DEFAULTS.callers})` },
  skew: { value: 'KIND', about: `${SKEWS.join(', ')}: how unequally they ask (${LOAD_DEFAULTS.skew})` },
  digits: {
    value: 'N|N-N',
    about: `decimal digits of the numbers, products of two primes (${LOAD_DEFAULTS.digits})`,
  },
  seed: { value: 'N', about: 'the same seed gives the same numbers, callers and moments (drawn anew)' },
  wait: {
    value: 'HOW',
    about: `${WAITS.join(', ')}: how results are learned of (long-poll; callback for async)`,
  },
  grace: {
    value: 'TIME',
    about: `how long to wait for what is missing after the last arrival (${LOAD_DEFAULTS.grace})`,
  },
  threads: { value: 'N', about: `threads that send (${LOAD_DEFAULTS.threads})` },
  listen: {
    value: 'ADDRESS:PORT',
    about: `where callbacks are received (${LOAD_DEFAULTS.listen}: a free port)`,
  },
  'callback-url': {
    value: 'URL',
    about: 'what the service is to call, if that is not the address listened on',
  },
  secret: {
    value: 'WHSEC',
    about: 'what callbacks are verified with ($FAIRSIEVE_CALLBACK_SECRET; known with --self)',
  },
  'api-key': { value: 'KEY', about: 'shown to a service that asks for one ($FAIRSIEVE_API_KEY)' },
  assert: { value: 'CONDITION', about: "such as 'sync.p99<100ms'; several times for several" },
  json: { value: 'FILE', about: 'write the result there' },
  html: { value: 'FILE', about: 'write a page with plots there' },
};

export const loadCommand: Command = {
  usage: '[OPTIONS]',
  about:
    'Puts a service under load, checks every answer, and reports latencies, callbacks and fairness. Without options: a demonstration\n' +
    'of 30 seconds against a server of its own. A TIME is a number of seconds, or has a unit: 500ms, 30s, 2m. Exits 0 if nothing was\n' +
    'lost, wrong or failed and every --assert holds, and 1 otherwise. docs/load-generator.md says what each number means.',
  options: OPTIONS,
  more: async () =>
    `Conditions: METRIC, one of < <= > >= =, and a bound, such as sync.p99<100ms, failed<1%, jain>=0.9\n` +
    `  times   ${DISTRIBUTION_NAMES.join(', ')}; of each .${STATISTIC_NAMES.join(' .')}\n` +
    `  others  ${OTHER_METRIC_NAMES.join(', ')}`,
  run: async (line: CommandLine): Promise<ExitCode> => {
    const asked = loadLine(line, process.env, Math.floor(randomFraction() * 2 ** 32));
    for (const file of [asked.jsonFile, asked.htmlFile]) await checkWritable(file);
    using interruption = new Interruption();
    try {
      return interruption.exitCode(await load(asked, interruption.signal));
    } catch (error) {
      if (interruption.signal.aborted) return interruption.exitCode(EXIT.failed);
      const code = EXIT_BY_ERROR[error instanceof Error ? error.name : ''];
      if (code === undefined) throw error;
      say(errorMessage(error));
      return code;
    }
  },
};

const EXIT_BY_ERROR: Readonly<Record<string, ExitCode>> = {
  [OwnServerError.name]: EXIT.failed,
  [CallbackProbeError.name]: EXIT.failed,
  UnreachableError: EXIT.unreachable,
};

async function load(asked: LoadLine, signal: AbortSignal): Promise<ExitCode> {
  await using server = asked.urls.length === 0 ? await startOwnServer(signal) : undefined;
  const urls = server ? [server.url] : asked.urls;
  const options: LoadOptions = { ...asked.plan, urls, secretOf: secretOf(asked, server) };
  if (server) say(`a server of its own on ${server.url}`);
  else for (const url of urls) await checkService(url, asked, signal);
  const result = await watched(options, signal);
  const failure = server?.failure();
  if (failure !== undefined) say(`The server did not last: ${failure}`);
  const verdict = verdictOf(result, asked.assertions);
  process.stdout.write(`${textReport(result, verdict)}\n`);
  const isWritten = await writeFiles(asked, result, verdict);
  return verdict.isGood && isWritten ? EXIT.ok : EXIT.failed;
}

function secretOf({ plan, secret }: LoadLine, server: OwnServer | undefined): LoadOptions['secretOf'] {
  if (!plan.receiver) return undefined;
  if (server) return 'self';
  return secret === undefined ? undefined : { secret };
}

async function watched(options: LoadOptions, signal: AbortSignal): Promise<LoadResult> {
  const view = new LoadView(process.stderr, options);
  try {
    return await runLoad(options, { signal, onTick: (tick) => view.update(tick) });
  } finally {
    view.clear();
  }
}

class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** Throws if it is not there, or may not call back though the load counts on that. */
async function checkService(url: string, { plan }: LoadLine, signal: AbortSignal): Promise<void> {
  const health = await fetch(`${url}/healthz`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(HEALTH_MS_MAX)]),
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    throw new UnreachableError(`Cannot reach ${url}: ${errorMessage(cause)}`);
  });
  await health.body?.cancel();
  if (!health.ok)
    throw new UnreachableError(`${url} is not well: GET /healthz was answered with ${health.status}`);
  if (!plan.receiver) return;
  const { apiKey, receiver } = plan;
  const client = createClient({
    url,
    callerId: PROBE_CALLER,
    ...(apiKey !== undefined && { apiKey }),
    patienceMs: PROBE_MS_MAX,
  });
  await probeCallbacks({ client, ...receiver, msMax: PROBE_MS_MAX, signal });
}

/** Before the load, which may be a long one. */
async function checkWritable(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  try {
    const isFolder = await stat(file).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isFolder) throw new Error('it is a folder');
    await access(path.dirname(path.resolve(file)), constants.W_OK);
  } catch (error) {
    throw new UsageError(`Cannot write ${JSON.stringify(file)}: ${errorMessage(error)}`);
  }
}

async function writeFiles(
  { jsonFile, htmlFile }: LoadLine,
  result: LoadResult,
  verdict: Verdict,
): Promise<boolean> {
  let isWritten = true;
  const write = async (file: string | undefined, content: () => string): Promise<void> => {
    if (file === undefined) return;
    try {
      await writeFile(file, content());
    } catch (error) {
      isWritten = false;
      say(`Cannot write ${file}: ${errorMessage(error)}`);
    }
  };
  await write(jsonFile, () => jsonReport(result));
  await write(htmlFile, () => reportPage(result, verdict));
  return isWritten;
}

function say(text: string): void {
  process.stderr.write(`fairsieve: ${text}\n`);
}
