/** Primality by the kernel: words by proof, anything longer by Baillie–PSW. */
import type { Factorization } from '../domain/factorization.ts';
import { isPrimeWord } from '../kernel/is-prime-word.ts';
import { WORD_END } from '../kernel/word-end.ts';
import type { Kernel } from '../kernel/kernel.ts';

/** Where nothing is known yet of a number but that it has no small factor. */
const BEFORE_THE_VERDICT: readonly string[] = ['trial-division', 'primality'];

/** For n >= 0. Takes up to some milliseconds; a number too large for the kernel's scratch memory takes another one for the time. */
export function isPrime(kernel: Kernel, n: bigint): boolean {
  if (n < WORD_END) return isPrimeWord(n);
  if (kernel.isSmall(n)) return isAlone(kernel.factorSmall(n));
  const pages = kernel.memoryPages(n);
  const job = kernel.start(n, new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }), []);
  // A job ends by itself for a prime; for a composite, the verdict is enough.
  while (job.step(() => true) === 'unfinished') {
    const { stage } = job.progress();
    if (!BEFORE_THE_VERDICT.includes(stage) || job.factorization().factors.length > 1) return false;
  }
  return isAlone(job.factorization());
}

function isAlone({ factors }: Factorization): boolean {
  return factors.length === 1 && factors[0]?.exponent === 1;
}
