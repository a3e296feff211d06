/** The kernel against another program: the same factors for integers drawn at random, of every size to 200 bits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { primeFactors } from '../src/domain/factorization.ts';
import { seededNaturals } from '../src/kernel/bigint-reference.ts';
import { createKernel, loadKernelModule } from '../src/kernel/load-kernel.ts';
import { factorsByPari, isPariInstalled } from './support/pari.ts';

const kernel = createKernel(await loadKernelModule());
const SEED = BigInt(process.env['FAIRSIEVE_TEST_SEED'] ?? 20_261_122);

/** How many integers of which sizes, in bits. */
const DRAWS: readonly { readonly count: number; readonly bitsMin: number; readonly bitsMax: number }[] = [
  { count: 100_000, bitsMin: 1, bitsMax: 64 },
  { count: 10_000, bitsMin: 65, bitsMax: 128 },
  { count: 200, bitsMin: 129, bitsMax: 160 },
  { count: 20, bitsMin: 161, bitsMax: 200 },
];

function factored(n: bigint): string {
  if (kernel.isSmall(n)) return primeFactors(kernel.factorSmall(n)).join(' ');
  const pages = kernel.memoryPages(n);
  const job = kernel.start(n, new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }), []);
  job.step(() => false);
  return primeFactors(job.factorization()).join(' ');
}

const skip = !isPariInstalled() && 'there is no gp here: it is in the Debian package pari-gp';

for (const { count, bitsMin, bitsMax } of DRAWS)
  test(
    `${count} random integers of ${bitsMin} to ${bitsMax} bits have the factors that PARI finds`,
    { skip },
    async () => {
      const below = seededNaturals(SEED);
      const numbers = Array.from({ length: count }, () => {
        const bits = BigInt(bitsMin) + below(BigInt(bitsMax - bitsMin + 1));
        return (1n << (bits - 1n)) + below(1n << (bits - 1n));
      });
      const expected = await factorsByPari(numbers);
      assert.equal(expected.length, count);
      for (const [i, n] of numbers.entries()) assert.equal(factored(n), expected[i], `${n}, seed ${SEED}`);
    },
  );
