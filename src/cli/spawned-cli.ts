/** For tests: the real program, started as a user starts it. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Readable, Writable } from 'node:stream';

const BIN = fileURLToPath(new URL('../../bin/fairsieve.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnedCli {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly ended: Promise<Ended>;
}

/** A program that hangs fails its test instead of holding up the run. */
const TIMEOUT_MS = 60_000;

/** The environment with `env` added, and without any settings of whoever runs the tests. */
export function cleanEnv(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('FAIRSIEVE_'));
  return { ...Object.fromEntries(clean), ...env };
}

/** The output is empty if its stream was destroyed. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): SpawnedCli {
  const child = spawn(process.execPath, [BIN, ...args], {
    stdio: 'pipe',
    env: cleanEnv(env),
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const exit = new Promise<Pick<Ended, 'code' | 'signal'>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  const ended = Promise.all([exit, text(child.stdout).catch(() => ''), text(child.stderr)]).then(
    ([how, stdout, stderr]) => ({
      ...how,
      stdout,
      stderr,
    }),
  );
  return { child, ended };
}

/** Runs it to its end with `input` on standard input. */
export function runCli(
  args: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { child, ended } = startCli(args, env);
  // It need not read all of its input.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return ended;
}
