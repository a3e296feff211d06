import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPrime } from './bigint-reference.ts';
import { encodeRecord } from './job-chunk.ts';
import { createKernel, loadKernelModule } from './load-kernel.ts';
import { RoomyJob } from './roomy-job.ts';

const kernel = createKernel(await loadKernelModule());
const always = (): boolean => true;

/** 12 digits each: curves find them at once. */
const SMALL = [nextPrime(10n ** 11n), nextPrime(2n * 10n ** 11n), nextPrime(3n * 10n ** 11n)];
/** 73 digits, which a memory for 70 has no room for. */
const COMPOSITE = nextPrime(10n ** 36n) * nextPrime(4n * 10n ** 36n);
/** 107 digits. */
const NUMBER = SMALL.reduce((product, prime) => product * prime, COMPOSITE);

function memoryOf(pages: number): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** Steps until curves have split the number as far as they can, and says that they have had their share of what is left. */
function comeToSieve(roomy: RoomyJob): void {
  while (roomy.job.helpWanted()?.value !== COMPOSITE) {
    roomy.job.step(always);
    roomy.makeRoom();
  }
  for (let curves = 0; roomy.job.pagesWanted() === undefined; curves++) {
    assert.ok(curves < 10_000, 'the job wants no larger memory');
    roomy.job.learn([encodeRecord({ kind: 'fruitless', value: COMPOSITE })]);
  }
}

test('what curves leave is sieved in a larger memory, and the primes that they found are kept', () => {
  const taken: number[] = [];
  const given: WebAssembly.Memory[] = [];
  const roomy = new RoomyJob(kernel, NUMBER, {
    take: (pages) => {
      taken.push(pages);
      return memoryOf(pages);
    },
    give: (memory) => void given.push(memory),
  });
  comeToSieve(roomy);
  assert.deepEqual(taken, [kernel.memoryPages(NUMBER)], 'it got a larger memory before it came to the sieve');
  roomy.makeRoom();
  assert.deepEqual(taken.slice(1), [kernel.memoryPages(COMPOSITE)]);
  assert.equal(given.length, 1);
  const { factors } = roomy.job.factorization();
  assert.deepEqual(
    factors.map(({ prime }) => prime),
    [...SMALL, COMPOSITE],
  );
  // The proofs of the primes are next to nothing, and the curves are not run again.
  for (let steps = 0; roomy.job.progress().stage !== 'siqs'; steps++) {
    assert.ok(steps < 50, `it is in ${roomy.job.progress().stage} still`);
    roomy.job.step(always);
  }
  assert.equal(roomy.job.pagesWanted(), undefined);
  roomy.end();
  assert.equal(given.length, 2);
});

test('where the system has no larger memory the job goes on with curves', () => {
  let asked = 0;
  const roomy = new RoomyJob(kernel, NUMBER, {
    take: (pages) => {
      if (++asked > 1) throw new RangeError('could not allocate memory');
      return memoryOf(pages);
    },
    give: () => undefined,
  });
  comeToSieve(roomy);
  for (let steps = 0; steps < 100; steps++) {
    assert.equal(roomy.job.step(always), 'unfinished');
    roomy.makeRoom();
  }
  assert.equal(asked, 2, 'it is asked for once');
  assert.equal(roomy.job.progress().stage, 'ecm');
});
