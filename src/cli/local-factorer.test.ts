import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPrime } from '../kernel/bigint-reference.ts';
import { encodeRecord } from '../kernel/job-chunk.ts';
import type { HelpWanted } from '../kernel/kernel.ts';
import { createKernel, loadKernelModule } from '../kernel/load-kernel.ts';
import { LocalFactorer } from './local-factorer.ts';

const kernel = createKernel(await loadKernelModule());

/** 73 digits. */
const COMPOSITE = nextPrime(10n ** 36n) * nextPrime(4n * 10n ** 36n);
/** 109 digits, beyond the sieve's range; curves find three primes of it at once. */
const NUMBER = [1n, 2n, 3n].reduce((product, k) => product * nextPrime(k * 10n ** 11n), COMPOSITE);
/** More than what the composite is due before it is sieved. */
const FRUITLESS = Array.from({ length: 2_000 }, () => encodeRecord({ kind: 'fruitless', value: COMPOSITE }));

test('helpers go from curves to the sieve without a rest, although the job moves to a larger memory', async () => {
  const wanted: (HelpWanted | undefined)[] = [];
  const factorer = new LocalFactorer(
    kernel,
    { timeoutMs: Infinity },
    {
      onWanted: (help) => {
        wanted.push(help);
        if (help?.value !== COMPOSITE) return;
        if (help.curves) factorer.learn(FRUITLESS);
        else factorer.interrupt();
      },
    },
  );
  const factored = await factorer.factor(NUMBER, () => undefined);
  assert.equal(factored?.algorithm, 'siqs');
  const ofComposite = wanted.slice(wanted.findIndex((help) => help?.value === COMPOSITE));
  assert.equal(ofComposite.pop(), undefined, 'the end is not told');
  assert.deepEqual(ofComposite.pop(), { value: COMPOSITE });
  assert.ok(
    ofComposite.every((help) => help?.curves !== undefined),
    'they were told to rest in between',
  );
});
