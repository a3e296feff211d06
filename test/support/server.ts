/** The real server as a child process, over a folder of its own: started, killed and started again by tests. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startProgram } from './program.ts';

/** No test is about how long a start takes; on a machine that is busy with others it may be long. */
const READY_MS_MAX = 120_000;

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The store's folder; a new one under the system's temporary folder if absent. */
  readonly dataDir?: string;
}

export class Server implements AsyncDisposable {
  readonly dataDir: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #ownsFolder: boolean;
  #child: ChildProcess | undefined;
  #url = '';
  /** What it wrote to stderr since it was last started. */
  log = '';

  private constructor(dataDir: string, env: Readonly<Record<string, string>>, ownsFolder: boolean) {
    this.dataDir = dataDir;
    this.#env = env;
    this.#ownsFolder = ownsFolder;
  }

  static async start(options: ServerOptions = {}): Promise<Server> {
    const dataDir = options.dataDir ?? (await mkdtemp(path.join(os.tmpdir(), 'fairsieve-test-')));
    const server = new Server(dataDir, options.env ?? {}, options.dataDir === undefined);
    await server.start();
    return server;
  }

  get url(): string {
    return this.#url;
  }

  get port(): number {
    return Number(new URL(this.#url).port);
  }

  get pid(): number {
    assert(this.#child?.pid !== undefined, 'The server is not running');
    return this.#child.pid;
  }

  /** Bytes of memory that the process holds now. Linux only. */
  get residentBytes(): number {
    const line = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'));
    return Number(line?.[1]) * 1024;
  }

  /** Starts it (again) over the same folder and resolves when it says that it listens. */
  async start(): Promise<void> {
    const child = startProgram(['serve'], {
      FAIRSIEVE_PORT: '0',
      FAIRSIEVE_DATA_DIR: this.dataDir,
      ...this.#env,
    });
    this.#child = child;
    this.log = '';
    child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (this.log = (this.log + text).slice(-100_000)));
    this.#url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`The server was not ready in time:\n${this.log}`)),
        READY_MS_MAX,
      );
      let output = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const url = /fairsieve listens on (\S+)/.exec(output)?.[1];
        if (url === undefined) return;
        clearTimeout(timer);
        resolve(url);
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`The server ended with ${code}:\n${this.log}`));
      });
    });
  }

  /** Sends a signal and resolves to how the process ended. */
  async end(
    signal: NodeJS.Signals,
  ): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    const child = this.#child;
    assert(child, 'The server is not running');
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    }
    this.#child = undefined;
    return { code: child.exitCode, signal: child.signalCode };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child) await this.end('SIGKILL');
    if (this.#ownsFolder) await rm(this.dataDir, { recursive: true, force: true });
  }
}
