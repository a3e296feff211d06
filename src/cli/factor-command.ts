/** `fairsieve factor`: numbers factored on this machine, without a service. */
import { createKernel, loadKernelModule } from '../kernel/load-kernel.ts';
import type { CommandLine } from './command-line.ts';
import type { Command } from './command.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { factoredJson, factorsLine } from './factored-text.ts';
import type { Factorer } from './factorer.ts';
import { inOrder } from './in-order.ts';
import { Interruption } from './interruption.ts';
import { LineOutput } from './line-output.ts';
import { LocalFactorer } from './local-factorer.ts';
import { numberInputs } from './number-inputs.ts';
import { ProgressLine } from './progress-line.ts';

const THREADS_MAX = 256;

export const factorCommand: Command = {
  usage: '[OPTIONS] NUMBER… | -',
  about:
    'Factors numbers here. A number is decimal, 0x…, or an expression such as 2^128+1, 30!+1, 10^40+7.\n' +
    'With - they are read from standard input, one per line; blank lines and lines that begin with # are passed over.\n' +
    'Prints "number: prime prime …" in the order of the input. What is not proven prime is marked [probable] (passed BPSW) or\n' +
    '[composite] (not split). Ctrl-C prints what is known so far.\n' +
    'Exits 0 if all numbers are factored, 1 if some are not.',
  options: {
    json: { about: 'print a line of JSON for each number, as soon as it is finished' },
    threads: { value: 'N', about: 'threads: for N numbers at the same time, or together for a long one (1)' },
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

  const factorOne = async (number: bigint, turn: Promise<void>): Promise<void> => {
    const beganMs = performance.now();
    const factored = await factorer.factor(number, (progress) =>
      progressLine?.update(number, beganMs, progress),
    );
    if (!asJson) await turn;
    if (factored === undefined) return;
    isComplete &&= factored.factorization.complete;
    await output.write(asJson ? factoredJson(factored) : factorsLine(number, factored.factorization.factors));
  };

  try {
    await inOrder(numberInputs(args, stop), factorer.appetite, stop, (input, turn) => {
      const number = input.read();
      isComplete &&= number !== undefined;
      return number === undefined ? turn : factorOne(number, turn);
    });
    await output.flush();
  } finally {
    progressLine?.clear();
    ending.abort();
  }
  if (output.closed.aborted) return EXIT.outputClosed;
  return interruption.exitCode(isComplete ? EXIT.ok : EXIT.failed);
}
