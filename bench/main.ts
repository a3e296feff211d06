/** `npm run bench -- [name…] [--json FILE] [--quick] [--full] [--digits FROM-TO] [--seed N]`: runs the benchmarks one after the other. */
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { a5 } from './a5.ts';
import { callbacks } from './callbacks.ts';
import { cluster } from './cluster.ts';
import { fairness } from './fairness.ts';
import { http } from './http.ts';
import { kernel } from './kernel.ts';
import { latency } from './latency.ts';
import { loadgen } from './loadgen.ts';
import { memory } from './memory.ts';
import { peers } from './peers.ts';
import { proof } from './proof.ts';
import { threads } from './threads.ts';
import { valuesBenchmark } from './values.ts';
import type { Benchmark, Result } from './support/benchmark.ts';
import { formatResult } from './support/format-result.ts';
import { readCpuTicks, tellStolen } from './support/stolen-time.ts';

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  http,
  latency,
  fairness,
  callbacks,
  memory,
  values: valuesBenchmark,
  cluster,
  kernel,
  threads,
  peers,
  a5,
  proof,
  loadgen,
};

const USAGE = `npm run bench -- [name…] [--json FILE] [--quick] [--full] [--digits FROM-TO] [--seed N]

${Object.entries(BENCHMARKS)
  .map(([name, { about }]) => `  ${name.padEnd(10)}${about}`)
  .join('\n')}

  --json FILE       also writes the results there
  --quick           seconds instead of minutes: shows that everything works
  --full            also what takes very long: the kernel up to 90 digits
  --digits FROM-TO  \`kernel\` with these sizes only
  --seed N          of all numbers and moments drawn at random (1)
`;

type Arguments = ReturnType<typeof readArguments>;

/** Throws a TypeError that says what is wrong. */
function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      digits: { type: 'string' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !(name in BENCHMARKS));
  if (unknown.length > 0) throw new TypeError(`There is no benchmark ${unknown.join(', ')}`);
  if (!/^\d{1,9}$/.test(values.seed))
    throw new TypeError(`--seed must be a whole number: it is ${values.seed}`);
  return {
    ...values,
    digits: digitsOf(values.digits),
    names: positionals.length > 0 ? positionals : Object.keys(BENCHMARKS),
  };
}

function digitsOf(text: string | undefined): { from: number; to: number } | undefined {
  if (text === undefined) return undefined;
  const [, from, to] = /^(\d{1,3})-(\d{1,3})$/.exec(text) ?? [];
  if (from === undefined || to === undefined || Number(from) > Number(to))
    throw new TypeError(`--digits must be two lengths, as in 65-80: it is ${text}`);
  return { from: Number(from), to: Number(to) };
}

async function runAll({ quick, full, digits, json, seed: seedText, names }: Arguments): Promise<void> {
  const seed = Number(seedText);
  const run = {
    date: new Date().toISOString(),
    node: process.version,
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    seed,
  };
  process.stdout.write(`${run.date}, Node ${run.node}, ${run.cores} cores of ${run.cpu}, seed ${seed}\n`);
  const results: Record<string, Result> = {};
  for (const name of names) {
    const benchmark = BENCHMARKS[name];
    if (benchmark === undefined) continue;
    process.stdout.write(`\n${name}: ${benchmark.about}\n\n`);
    const ticks = readCpuTicks();
    const measured = await benchmark.run({
      quick,
      full,
      digits,
      seed,
      say: (line) => process.stderr.write(`  … ${line}\n`),
    });
    const stolen = tellStolen(ticks, readCpuTicks());
    const result = stolen === undefined ? measured : { ...measured, notes: [...measured.notes, stolen] };
    process.stdout.write(`${formatResult(result)}\n`);
    results[name] = result;
    if (result.failures > 0) process.exitCode = 1;
    // After each, so that a long run that breaks off leaves what it had.
    if (json !== undefined) await writeFile(json, `${JSON.stringify({ ...run, results }, undefined, 2)}\n`);
  }
}

/** Undefined, and told why, where the arguments are wrong. */
function argumentsOrUsage(): Arguments | undefined {
  try {
    return readArguments();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
}

const given = argumentsOrUsage();
if (given?.help) process.stdout.write(USAGE);
else if (given) await runAll(given);
