/** PARI's `factor` and `isprime`, through the command `gp` where it is installed. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';

/** Undefined where there is no `gp`. */
export function pariVersion(): string | undefined {
  const { status, stdout } = spawnSync('gp', ['--version-short'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** A running `gp`, asked one thing after the other. It reads its own CPU time, so that its start, the pipe and other programs cost it nothing. */
export class Pari implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: NodeJS.AsyncIterator<string>;

  constructor() {
    const child = spawn('gp', ['-q', '-f', '-D', 'parisizemax=1G'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** CPU milliseconds, in whole ones, that PARI takes to factor all `numbers`. */
  async factorAll(numbers: readonly bigint[]): Promise<number> {
    this.#child.stdin?.write(
      `{my(v=[${numbers.join(',')}],t=gettime());for(i=1,#v,factor(v[i]));print(gettime())}\n`,
    );
    const { value } = await this.#lines.next();
    return Number(value);
  }

  /** CPU milliseconds, in whole ones, that PARI takes to prove all `primes` by Jacobi sums. */
  async proveAll(primes: readonly bigint[]): Promise<number> {
    this.#child.stdin?.write(
      `{my(v=[${primes.join(',')}],ok=1);gettime();for(i=1,#v,ok=ok&&isprime(v[i],2));print(if(ok,gettime(),-1))}\n`,
    );
    const { value } = await this.#lines.next();
    return Number(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await exited;
  }
}
