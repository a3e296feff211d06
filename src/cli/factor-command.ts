/** `fairsieve factor`: numbers factored on this machine, without a service. */
import { createKernel, loadKernelModule } from '../kernel/load-kernel.ts';
import type { CommandLine } from './command-line.ts';
import type { Command } from './command.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { factoredJson, factorsLine, refusedJson } from './factored-text.ts';
import type { Factorer } from './factorer.ts';
import { inOrder } from './in-order.ts';
import { Interruption } from './interruption.ts';
import { LineOutput } from './line-output.ts';
import { LocalFactorer } from './local-factorer.ts';
import { type NumberInput, numberInputs } from './number-inputs.ts';
import { ProgressLine } from './progress-line.ts';

const THREADS_MAX = 256;

export const factorCommand: Command = {
  usage: '[OPTIONS] NUMBER… | -',
  about:
    'Factors numbers here: from 1 to 1,000 digits. A number is decimal (leading zeros count for nothing), 0x…, or an expression\n' +
    'over + - * / ^ ! # ( ), such as 2^128+1, 30!+1, 97#+1 (a product of primes), of at most 4,000 characters.\n' +
    'With - they are read from standard input, one per line; blank lines and lines that begin with # are passed over.\n' +
    'Prints "number: prime prime …" in the order of the input. What is not proven prime is marked [probable] (passed BPSW) or\n' +
    '[composite] (not split). Ctrl-C prints what is known so far.\n\n' +
    'With --json the lines come in the order of finishing: "input" is what was given, "index" which argument or line it was, from 1.\n' +
    'A factor stands under "prime" even where its "certainty" is composite: then "complete" is false. What is no number has an "error".\n\n' +
    'Exits 0 if all numbers are factored; 1 if some are not, or were refused, or the output cannot be written; 2 if the options\n' +
    'cannot be understood; 130 after Ctrl-C.',
  options: {
    json: { about: 'print a line of JSON for each number, as soon as it is finished, in whatever order' },
    threads: {
      value: 'N',
      about:
        'threads, at most 256, and no more than there are cores: for N numbers at once, or all for a long one (1)',
    },
    timeout: { value: 'SECONDS', about: 'time for each number; then what is known is printed (no limit)' },
  },
  run: async (line: CommandLine): Promise<ExitCode> => {
    const threads = line.whole('threads', 1, THREADS_MAX) ?? 1;
    const timeoutMs = line.secondsAsMs('timeout') ?? Infinity;
    using interruption = new Interruption();
    const module = await loadKernelModule();
    await using factorer = await createFactorer(threads, module, timeoutMs);
    return await factorAll(line.positionals, factorer, line.has('json'), interruption);
  },
};

async function createFactorer(
  threads: number,
  module: WebAssembly.Module,
  timeoutMs: number,
): Promise<Factorer> {
  if (threads === 1) return new LocalFactorer(createKernel(module), { timeoutMs });
  const { ThreadedFactorer } = await import('./threaded-factorer.ts');
  return new ThreadedFactorer(threads, { module, timeoutMs });
}

async function factorAll(
  args: readonly string[],
  factorer: Factorer,
  asJson: boolean,
  interruption: Interruption,
): Promise<ExitCode> {
  const progressLine = process.stderr.isTTY
    ? new ProgressLine({ stream: process.stderr, nowMs: () => performance.now() })
    : undefined;
  const output = new LineOutput(process.stdout, () => progressLine?.clear());
  const ending = new AbortController();
  const stop = AbortSignal.any([interruption.signal, output.closed, ending.signal]);
  stop.addEventListener('abort', () => factorer.interrupt());
  let isComplete = true;

  const factorOne = async (input: NumberInput, turn: Promise<void>): Promise<void> => {
    const refusals: string[] = [];
    const number = input.read(asJson ? (message) => refusals.push(refusedJson(input, message)) : undefined);
    isComplete &&= number !== undefined;
    for (const refusal of refusals) await output.write(refusal);
    if (number === undefined) return turn;
    const beganMs = performance.now();
    const factored = await factorer.factor(number, (progress) =>
      progressLine?.update(number, beganMs, progress),
    );
    if (!asJson) await turn;
    if (factored === undefined) return;
    isComplete &&= factored.factorization.complete;
    await output.write(
      asJson ? factoredJson(input, factored) : factorsLine(number, factored.factorization.factors),
    );
  };

  try {
    await inOrder(numberInputs(args, stop), factorer.appetite, stop, factorOne);
    await output.flush();
  } finally {
    progressLine?.clear();
    ending.abort();
  }
  return output.exitCode(interruption.exitCode(isComplete ? EXIT.ok : EXIT.failed));
}
