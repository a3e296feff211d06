import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPrime } from './bigint-reference.ts';
import { encodeRecord } from './job-chunk.ts';
import type { Job, Kernel } from './kernel.ts';
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

test('after a memory was refused one is asked for again only if it is smaller', () => {
  let wanted = 300;
  let job = { pagesWanted: () => wanted, takeChunks: () => [] } as Partial<Job> as Job;
  const asked: number[] = [];
  const roomy = new RoomyJob({ memoryPages: () => 1, start: () => job }, NUMBER, {
    take: (pages) => {
      asked.push(pages);
      if (pages >= 300) throw new RangeError('could not allocate memory');
      return memoryOf(pages);
    },
    give: () => undefined,
  });
  roomy.makeRoom();
  for (wanted of [300, 301]) roomy.makeRoom();
  assert.deepEqual(asked, [1, 300]);
  wanted = 299;
  job = { ...job };
  roomy.makeRoom();
  assert.deepEqual(asked, [1, 300, 299]);
  assert.equal(roomy.job, job);
});

test('a memory in which the job cannot begin is given back, and the job is as before', () => {
  const taken: WebAssembly.Memory[] = [];
  const given: WebAssembly.Memory[] = [];
  const start: Kernel['start'] = (n, memory, chunks) => {
    if (memory === taken[1]) throw new RangeError('could not instantiate');
    return kernel.start(n, memory, chunks);
  };
  const roomy = new RoomyJob({ memoryPages: (n) => kernel.memoryPages(n), start }, NUMBER, {
    take: (pages) => {
      const memory = memoryOf(pages);
      taken.push(memory);
      return memory;
    },
    give: (memory) => void given.push(memory),
  });
  comeToSieve(roomy);
  const { job } = roomy;
  assert.throws(() => roomy.makeRoom(), /could not instantiate/);
  assert.deepEqual(given, taken.slice(1));
  assert.equal(roomy.job, job);
  // What it knew is not lost to the next attempt.
  roomy.makeRoom();
  assert.equal(roomy.job.factorization().factors.length, SMALL.length + 1);
  assert.deepEqual(given, [taken[1], taken[0]]);
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
