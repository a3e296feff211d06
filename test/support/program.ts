/** The program `fairsieve` as a child process: how it is started, and what becomes of one that ends by itself. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const BIN = path.resolve(import.meta.dirname, '../../bin/fairsieve.js');

/** Children that still run; a test that is cut short leaves none behind. */
const children = new Set<ChildProcess>();
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));

/** Starts it with only those `FAIRSIEVE_…` settings that are in `env`. */
export function startProgram(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('FAIRSIEVE_'));
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it until it ends by itself; kills it after `msMax`, and then `code` is null. */
export async function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  msMax = 20_000,
): Promise<Ended> {
  const child = startProgram(args, env);
  const text = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), msMax);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, ...text };
}
