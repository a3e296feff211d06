/**
 * A server of one's own for a while: the real program as a child process, over a temporary folder, on a free port of this machine.
 *
 * Whatever becomes of this process, short of a kill -9, server and folder go with it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../base/clock.ts';
import { readCallerSecrets, SECRET_FILE_NAME } from '../callbacks/callback-secret-file.ts';

export interface OwnServer extends AsyncDisposable {
  readonly url: string;
  /** What callbacks of a caller are signed with. */
  readonly secretsOf: (callerId: string) => readonly string[];
  /** How it ended, and the end of its log, if it has ended by itself; undefined while it runs. */
  readonly failure: () => string | undefined;
}

const BIN = fileURLToPath(new URL('../../bin/fairsieve.js', import.meta.url));
/** On a machine that is busy with other things, starting takes a while. */
const READY_MS_MAX = 60_000;
/** It leaves nothing that it would have to save. */
const STOP_MS_MAX = 3_000;
const LOG_CHARS_MAX = 4_000;
/** Of the environment's settings, those that say nothing of where it is and whom it talks to. */
const KEPT_SETTINGS: ReadonlySet<string> = new Set(['FAIRSIEVE_WORKERS', 'FAIRSIEVE_WEIGHTS']);

/** Resolves when it listens. Throws an OwnServerError if it can't start, and the signal's reason if that aborts first. */
export async function startOwnServer(signal: AbortSignal): Promise<OwnServer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'fairsieve-load-'));
  const child = spawn(process.execPath, [BIN, 'serve'], {
    env: serverEnv(folder),
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C at the terminal is for us: the server must be there until the load has come to its end.
    detached: true,
  });
  const removeAll = (): void => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', removeAll);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-LOG_CHARS_MAX)));
  const failure = (): string | undefined =>
    hasEnded(child) ? `it ended with ${child.exitCode ?? child.signalCode}:\n${log.trim()}` : undefined;
  const dispose = async (): Promise<void> => {
    await stop(child);
    removeAll();
    process.off('exit', removeAll);
  };
  try {
    const url = await listening(child, AbortSignal.any([signal, AbortSignal.timeout(READY_MS_MAX)]));
    return {
      url,
      secretsOf: (callerId) => {
        const file = path.join(folder, SECRET_FILE_NAME);
        return [readCallerSecrets(file, callerId, systemClock.wallMs()).current];
      },
      failure,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    const reason = failure() ?? `it did not listen within ${READY_MS_MAX / 1000} s:\n${log.trim()}`;
    await dispose();
    signal.throwIfAborted();
    throw new OwnServerError(`Cannot start a server for the load: ${reason}`, { cause: error });
  }
}

export class OwnServerError extends Error {
  override readonly name = 'OwnServerError';
}

function serverEnv(folder: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('FAIRSIEVE_') || KEPT_SETTINGS.has(name),
  );
  return {
    ...Object.fromEntries(kept),
    FAIRSIEVE_HOST: '127.0.0.1',
    FAIRSIEVE_PORT: '0',
    FAIRSIEVE_DATA_DIR: folder,
    FAIRSIEVE_CALLBACK_ALLOW: '127.0.0.0/8,::1',
    FAIRSIEVE_LOG_LEVEL: 'warn',
    // The launcher ends with its parent where npm has started it; so does this server, should we be killed.
    npm_lifecycle_event: 'fairsieve-load',
  };
}

/** The URL that it says it listens on. */
async function listening(child: ChildProcess, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < LOG_CHARS_MAX) said += text;
    const url = /fairsieve listens on (\S+)/.exec(said)?.[1];
    if (url !== undefined) resolve(url);
  });
  child.once('error', reject);
  // Not `exit`: by then its last words may still be on their way.
  child.once('close', () => reject(new Error('the server ended')));
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  return promise.finally(() => signal.removeEventListener('abort', abort));
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child) || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exited;
  clearTimeout(late);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
