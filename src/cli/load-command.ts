/** `fairsieve load`: how a service does under a load, with its callbacks and its fairness, and whether every answer is right. */
import { constants } from 'node:fs';
import { access, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../base/clock.ts';
import { errorMessage } from '../base/error-message.ts';
import { randomFraction } from '../base/random.ts';
import type { LoadOptions } from '../loadgen/load-options.ts';
import type { LoadResult } from '../loadgen/load-result.ts';
import { reportPage } from '../loadgen/report/html/page.ts';
import { jsonReport } from '../loadgen/report/json-report.ts';
import {
  COUNT_NAMES,
  DISTRIBUTION_NAMES,
  OTHER_METRIC_NAMES,
  STATISTIC_NAMES,
} from '../loadgen/report/metric.ts';
import { textReport } from '../loadgen/report/text-report.ts';
import { verdictOf, type Verdict } from '../loadgen/report/verdict.ts';
import { runLoad } from '../loadgen/run-load.ts';
import { type ClosedWay, UnfitServiceError } from '../loadgen/service-check.ts';
import type { CommandLine } from './command-line.ts';
import type { Command, Option } from './command.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { Interruption } from './interruption.ts';
import {
  ARRIVALS,
  DEFAULT_MS,
  LOAD_DEFAULTS,
  LOAD_MODES,
  loadLine,
  SKEWS,
  WAITS,
  type LoadLine,
} from './load-line.ts';
import { LineOutput } from './line-output.ts';
import { LoadView } from './load-view.ts';
import { OwnServerError, startOwnServer, type OwnServer } from './own-server.ts';
import { UsageError } from './usage-error.ts';

const OPTIONS: Readonly<Record<string, Option>> = {
  url: { value: 'URL', about: 'the service; several times for several origins, which take turns' },
  self: { about: 'a server of its own in a temporary folder (the default without --url)' },
  mode: { value: 'MODE', about: `${LOAD_MODES.join(', ')} (${LOAD_DEFAULTS.mode}: any of the four)` },
  rate: {
    value: 'N',
    about: `arrivals per second, planned whatever the service does (${LOAD_DEFAULTS.rate})`,
  },
  arrivals: { value: 'KIND', about: `${ARRIVALS.join(' or ')} (${LOAD_DEFAULTS.arrivals})` },
  connections: {
    value: 'N',
    about: 'instead of --rate: N connections, each asking again as soon as it is answered',
  },
  'connections-max': {
    value: 'N',
    about: `most connections, half of them to ask for results (${LOAD_DEFAULTS.connectionsMax})`,
  },
  duration: { value: 'TIME', about: `how long arrivals are planned for (${DEFAULT_MS / 1000}s)` },
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
    about: `how long to wait for what is missing after the last arrival (${DEFAULT_MS / 1000}s)`,
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
    `  counts  ${COUNT_NAMES.join(', ')}\n` +
    `  others  ${OTHER_METRIC_NAMES.join(', ')}`,
  run: async (line: CommandLine): Promise<ExitCode> => {
    const asked = loadLine(line, process.env, {
      seed: Math.floor(randomFraction() * 2 ** 32),
      runId: Math.floor(randomFraction() * 36 ** RUN_ID_CHARS)
        .toString(36)
        .padStart(RUN_ID_CHARS, '0'),
    });
    const files = [asked.jsonFile, asked.htmlFile].filter((file) => file !== undefined);
    if (new Set(files.map((file) => path.resolve(file))).size < files.length)
      throw new UsageError(`--json and --html must name two files: both are ${JSON.stringify(files[0])}`);
    for (const file of files) await checkWritable(file);
    using interruption = new Interruption();
    try {
      return interruption.exitCode(await load(asked, interruption.signal));
    } catch (error) {
      if (interruption.signal.aborted) return interruption.exitCode(EXIT.failed);
      const code = EXIT_BY_ERROR[error instanceof Error ? error.name : ''];
      if (code === undefined) throw error;
      say(errorMessage(error));
      const remedy = error instanceof UnfitServiceError ? REMEDIES[error.way] : '';
      if (remedy !== '') say(remedy);
      return code;
    }
  },
};

/** Of 60 million, two loads on a service hardly draw the same. */
const RUN_ID_CHARS = 5;

const EXIT_BY_ERROR: Readonly<Record<string, ExitCode>> = {
  [OwnServerError.name]: EXIT.failed,
  [UnfitServiceError.name]: EXIT.unreachable,
};

const NO_CALLBACKS = '--mode queued, sync and values need no callbacks.';
/** What to do about it, where that is not plain. */
const REMEDIES: Readonly<Record<ClosedWay, string>> = {
  there: '',
  listening: `--listen ADDRESS:PORT says where callbacks are received: an address of this machine, and port 0 for a free one. ${NO_CALLBACKS}`,
  url: `--callback-url URL says what the service is to call. ${NO_CALLBACKS}`,
  address:
    'an address that is not public the service calls only if FAIRSIEVE_CALLBACK_ALLOW in its environment opens it, such as\n' +
    `FAIRSIEVE_CALLBACK_ALLOW=127.0.0.0/8. --callback-url URL names another way to this machine. ${NO_CALLBACKS}`,
  back:
    'the service must be able to call this machine back. Where to: --listen ADDRESS:PORT, and --callback-url URL if it reaches\n' +
    `that address by another name. ${NO_CALLBACKS}`,
};

async function load(asked: LoadLine, signal: AbortSignal): Promise<ExitCode> {
  await using server = asked.urls.length === 0 ? await startOwnServer(signal) : undefined;
  const urls = server ? [server.url] : asked.urls;
  const options: LoadOptions = { ...asked.plan, urls, secretOf: secretOf(asked, server) };
  if (server) say(`a server of its own on ${server.url}`);
  const result = await watched(options, server, signal);
  const failure = server?.failure();
  if (failure !== undefined) say(`The server did not last: ${failure}`);
  const verdict = verdictOf(result, asked.assertions);
  const unwritten = await writeFiles(asked, result, verdict);
  const output = new LineOutput(process.stdout);
  await output.write(textReport(result, verdict));
  await output.flush();
  // Last, where it is not overlooked.
  for (const fault of unwritten) say(fault);
  return output.exitCode(verdict.word === 'passed' && unwritten.length === 0 ? EXIT.ok : EXIT.failed);
}

function secretOf({ plan, secret }: LoadLine, server: OwnServer | undefined): LoadOptions['secretOf'] {
  if (!plan.receiver) return undefined;
  if (server) return 'self';
  return secret === undefined ? undefined : { secret };
}

async function watched(
  options: LoadOptions,
  server: OwnServer | undefined,
  signal: AbortSignal,
): Promise<LoadResult> {
  const view = new LoadView(process.stderr, options, systemClock);
  try {
    return await runLoad(options, {
      signal,
      onStep: (step) => view.prepare(step),
      onTick: (tick) => view.update(tick),
      ...(server && { secretsOf: server.secretsOf }),
    });
  } catch (error) {
    // Such as several callers with the API key of one.
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  } finally {
    view.clear();
  }
}

/** Before the load, which may be a long one. */
async function checkWritable(file: string): Promise<void> {
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

/** Resolves to what could not be written, in words. */
async function writeFiles(
  { jsonFile, htmlFile }: LoadLine,
  result: LoadResult,
  verdict: Verdict,
): Promise<string[]> {
  const unwritten: string[] = [];
  const write = async (file: string | undefined, content: () => string): Promise<void> => {
    if (file === undefined) return;
    try {
      await writeFile(file, content());
    } catch (error) {
      unwritten.push(`Cannot write ${file}: ${errorMessage(error)}`);
    }
  };
  await write(jsonFile, () => jsonReport(result, verdict));
  await write(htmlFile, () => reportPage(result, verdict));
  return unwritten;
}

function say(text: string): void {
  process.stderr.write(`fairsieve: ${text}\n`);
}
