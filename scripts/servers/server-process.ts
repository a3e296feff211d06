/**
 * A server as a child process: started, killed, paused and started again, always with the same arguments.
 *
 * Each leads a process group of its own, since Ctrl-C reaches the whole group of a terminal, and the order in which servers stop
 * matters: it is for their starter to stop them. Whatever still runs when this process ends, in whatever way, is killed with it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchGroup } from './watchdog.ts';

export interface ServerCommand {
  /** For messages. */
  readonly name: string;
  /** Where it is to be found, with its port; the same whenever it is started. */
  readonly url: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whether it can be used yet; asked until it is. `output` is what it has written since it was started. */
  readonly isReady: (output: string) => boolean | Promise<boolean>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Above what a replica takes that waits for a database to become free, and starts beside fifteen others. */
const READY_MS_MAX = 60_000;
const READY_POLL_MS = 20;
/** How long the rest of what it wrote may take to be read. */
const READ_MS_MAX = 2_000;
/** Above what a replica takes to hand its work over. */
const STOP_MS_MAX = 60_000;
const OUTPUT_CHARS_MAX = 200_000;

export class ServerProcess implements AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly #command: ServerCommand;
  #child: ChildProcess | undefined;
  #output = '';
  #ended = Promise.withResolvers<Ended>();

  /** Starts nothing yet. */
  constructor(command: ServerCommand) {
    this.name = command.name;
    this.url = command.url;
    this.#command = command;
  }

  /** Resolves when it is ready. */
  static async start(command: ServerCommand): Promise<ServerProcess> {
    const server = new ServerProcess(command);
    await server.start();
    return server;
  }

  /** What it wrote since it was last started: the end of it. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} is not running`);
    return pid;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Resolves when the process that was last started has ended, whatever the reason. */
  get ended(): Promise<Ended> {
    return this.#ended.promise;
  }

  /** Starts it (again) and resolves when it is ready. */
  async start(): Promise<void> {
    this.begin();
    await this.ready();
  }

  /** Starts it (again); `ready` tells when it can be used. */
  begin(): void {
    const { program, args, env } = this.#command;
    if (this.#child) throw new Error(`${this.name} runs already`);
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const ended = Promise.withResolvers<Ended>();
    this.#ended = ended;
    this.#output = '';
    this.#child = child;
    const watched = child.pid === undefined ? undefined : watchGroup(child.pid);
    const keep = (text: string): void => {
      this.#output = (this.#output + text).slice(-OUTPUT_CHARS_MAX);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const gone = (code: number | null, signal: NodeJS.Signals | null): void => {
      watched?.[Symbol.dispose]();
      if (this.#child === child) this.#child = undefined;
      const told = (): void => {
        clearTimeout(late);
        ended.resolve({ code, signal });
      };
      // With all that it wrote read; but a descendant may hold its output open for ever.
      child.once('close', told);
      const late = setTimeout(told, READ_MS_MAX);
    };
    child.once('exit', gone);
    // There is no such program, or no memory for it.
    child.once('error', (error) => {
      keep(error.message);
      if (child.pid === undefined) gone(null, null);
    });
  }

  /** Rejects, with what it wrote, if it ends instead or is not ready in time; then it does not run. */
  async ready(msMax = READY_MS_MAX): Promise<void> {
    const endMs = performance.now() + msMax;
    for (;;) {
      const isReady = await this.#command.isReady(this.#output);
      // Something else may answer on its port.
      if (!this.#child) throw new Error(`${this.name} ended at its start:\n${this.#output}`);
      if (isReady) return;
      if (performance.now() > endMs) {
        await this.kill();
        throw new Error(`${this.name} was not ready within ${msMax} ms:\n${this.#output}`);
      }
      await sleep(READY_POLL_MS);
    }
  }

  /** As when the power fails. */
  async kill(): Promise<Ended> {
    if (!this.#child) return { code: null, signal: null };
    signalGroup(this.#child, 'SIGKILL');
    return this.#ended.promise;
  }

  /** In order; rejects, having killed it, if that takes more than a minute. Nothing to do if it does not run. */
  async stop(): Promise<Ended> {
    this.resume();
    if (!this.#child) return { code: null, signal: null };
    const late = setTimeout(() => void this.kill(), STOP_MS_MAX);
    this.#child.kill('SIGTERM');
    const ended = await this.#ended.promise;
    clearTimeout(late);
    if (ended.signal === 'SIGKILL')
      throw new Error(`${this.name} did not stop within ${STOP_MS_MAX} ms:\n${this.#output}`);
    return ended;
  }

  /** It keeps its connections and does nothing until it is resumed. */
  pause(): void {
    if (this.#child) signalGroup(this.#child, 'SIGSTOP');
  }

  resume(): void {
    if (this.#child) signalGroup(this.#child, 'SIGCONT');
  }

  /** Kills it if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** HAProxy is two processes. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    // It has just ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
