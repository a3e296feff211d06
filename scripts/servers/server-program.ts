/**
 * Where the servers are that stand around the replicas: on PATH or beside it, or else installed, once.
 *
 * As root on Debian and its kin a missing one is installed by apt, which is said on the screen. Elsewhere the error says what to
 * install: nothing that needs a server is ever skipped in silence.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeFileLock } from '../../src/base/file-lock.ts';

/** Each is the name of its Debian package too. */
export type ServerName = 'redis-server' | 'nats-server' | 'haproxy';

/** What is known of the machine; tests bring another one. */
export interface Machine {
  /** Where programs are looked for, the first one first. */
  readonly folders: readonly string[];
  /** A file beside which one process at a time installs. */
  readonly lockFile: string;
  /** Whether packages can be installed. */
  readonly installs: boolean;
  /** Runs a command to its end; rejects if that is not a good one. */
  run(command: string, args: readonly string[]): Promise<void>;
  say(line: string): void;
}

/** Test files run side by side, and each may be the first to need a server. */
const LOCK_POLL_MS = 200;

/** The path of a server's program. Rejects with what to install where it is not there and cannot be installed. */
export async function serverProgram(name: ServerName, machine: Machine = thisMachine()): Promise<string> {
  const program = find(name, machine);
  if (program !== undefined) return program;
  if (!machine.installs)
    throw new Error(
      `There is no ${name} in ${machine.folders.join(':')}. Install it: on Debian and its kin with \`apt-get install ${name}\` (as root it is done for you), elsewhere the package of that name`,
    );
  return oneAtATime(machine.lockFile, async () => find(name, machine) ?? (await install(name, machine)));
}

function find(name: ServerName, { folders }: Machine): string | undefined {
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

async function install(name: ServerName, machine: Machine): Promise<string> {
  machine.say(`There is no ${name} here: installing the package ${name}`);
  await machine.run('apt-get', ['update', '--quiet']);
  await machine.run('apt-get', ['install', '--quiet', '--yes', '--no-install-recommends', name]);
  const installed = find(name, machine);
  if (installed === undefined)
    throw new Error(
      `The package ${name} is installed, and yet there is no ${name} in ${machine.folders.join(':')}`,
    );
  return installed;
}

/** Does `work` while no other process of this machine is at such work. */
async function oneAtATime<T>(lockFile: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    using lock = takeFileLock(lockFile, 0);
    if (lock) return await work();
    await sleep(LOCK_POLL_MS);
  }
}

function thisMachine(): Machine {
  const onPath = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return {
    // Servers are where only root's PATH leads, on some systems.
    folders: [...new Set([...onPath, '/usr/local/sbin', '/usr/sbin', '/sbin'])],
    lockFile: path.join(os.tmpdir(), 'fairsieve-install.lock'),
    installs: process.getuid?.() === 0 && existsSync('/etc/debian_version'),
    run,
    say: (line) => void process.stderr.write(`${line}\n`),
  };
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    // Its words are no result of ours: whoever reads our stdout waits for other ones.
    stdio: ['ignore', 2, 2],
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`\`${command} ${args.join(' ')}\` failed with ${code}`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
