/** What PARI says of numbers, through its command `gp`: a second opinion where it is installed (Debian package `pari-gp`). */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export function isPariInstalled(): boolean {
  return spawnSync('gp', ['--version-short']).status === 0;
}

/** The prime factors of each number, each as often as it divides, ascending, in decimal, with spaces between. */
export async function factorsByPari(numbers: readonly bigint[]): Promise<string[]> {
  const child = spawn('gp', ['-q', '-f', '-D', 'parisizemax=1G'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const told = text(child.stdout);
  child.stdin.write('tell(n)={my(f=factor(n));for(i=1,#f~,for(j=1,f[i,2],print1(f[i,1]," ")));print()};\n');
  child.stdin.end(`${numbers.map((n) => `tell(${n})`).join('\n')}\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`gp ended with ${code}`);
  return (await told)
    .split('\n')
    .slice(0, numbers.length)
    .map((line) => line.trim());
}
