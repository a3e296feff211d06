import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatFactors } from '../domain/factorization.ts';
import { nextPrime, seededNaturals } from './bigint-reference.ts';
import { encodeRecord } from './job-chunk.ts';
import type { Job, Stage } from './kernel.ts';
import { createKernel, loadKernelModule } from './load-kernel.ts';
import { untestedPart } from './part.ts';
import * as header from './siqs-header.ts';
import { WasmKernel } from './wasm-kernel.ts';

const module = await loadKernelModule();
const kernel = createKernel(module);
const always = (): boolean => true;
const never = (): boolean => false;

function memoryFor(n: bigint): WebAssembly.Memory {
  const pages = kernel.memoryPages(n);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

function answer(job: Job): string {
  assert.equal(job.step(never), 'finished');
  return formatFactors(job.factorization().factors);
}

function factored(n: bigint): string {
  return answer(kernel.start(n, memoryFor(n), []));
}

const M61 = 2n ** 61n - 1n;
const M89 = 2n ** 89n - 1n;
const M127 = 2n ** 127n - 1n;
const M521 = 2n ** 521n - 1n;

test('1, primes and small numbers are jobs like any other', () => {
  assert.equal(factored(1n), '');
  assert.equal(factored(2n), '2');
  assert.equal(factored(M61), `${M61}`);
  assert.equal(factored(2n ** 10n * 3n ** 5n * 65521n ** 2n), '2^10 3^5 65521^2');
});

test('primes below and above 2^64 are proven, and one that is out of reach is called probable', () => {
  assert.equal(factored(M61 * M89), `${M61} ${M89}`);
  const far = 10n ** 999n + 7n;
  assert.equal(factored(far), `${far}?`);
});

test('powers and squares of large primes keep their multiplicity', () => {
  assert.equal(factored(M127 ** 2n), `${M127}^2`);
  assert.equal(factored(M89 ** 5n * 65537n ** 2n), `65537^2 ${M89}^5`);
  assert.equal(factored(1000003n ** 7n), '1000003^7');
  assert.equal(factored((1000003n * M127) ** 3n), `1000003^3 ${M127}^3`);
});

test('hundreds of digits made of small primes and one large prime are done at once', () => {
  assert.equal(factored(2n ** 900n * 3n ** 300n * 64901n ** 20n * M521), `2^900 3^300 64901^20 ${M521}`);
});

test('a prime of 1,279 bits is proven, since its successor is a power of 2, and one huge cofactor beside small primes', () => {
  const huge = 2n ** 1279n - 1n;
  assert.equal(factored(huge), `${huge}`);
  assert.equal(factored(huge * 1000003n * 99990001n), `1000003 99990001 ${huge}`);
});

test('Carmichael numbers and strong pseudoprimes beyond 64 bits are split', () => {
  // (6k + 1)(12k + 1)(18k + 1), all three prime (Chernick 1939).
  let k = 10n ** 8n;
  while (![6n, 12n, 18n].every((m) => nextPrime(m * k + 1n) === m * k + 1n)) k++;
  assert.equal(
    factored((6n * k + 1n) * (12n * k + 1n) * (18n * k + 1n)),
    `${6n * k + 1n} ${12n * k + 1n} ${18n * k + 1n}`,
  );
  // The least strong pseudoprimes to the first twelve and thirteen prime bases (Sorenson & Webster 2015).
  assert.equal(factored(318665857834031151167461n), '399165290221 798330580441');
  assert.equal(factored(3317044064679887385961981n), '1287836182261 2575672364521');
});

test('a factor whose predecessor is smooth is found like any other', () => {
  const smooth = nextPrime(2n ** 20n * 3n ** 8n * 5n ** 3n + 1n);
  assert.equal(factored(smooth * M127), `${smooth} ${M127}`);
});

test('several factors that one curve meets at once are parted all the same', () => {
  const primes = [65537n, 65539n, 65543n, 65551n, 65557n, 65563n, 65579n, 65581n];
  assert.equal(factored(primes.reduce((a, b) => a * b)), primes.join(' '));
});

test('random numbers of 65 to 128 bits are factored', () => {
  const below = seededNaturals(3n);
  for (let i = 0; i < 80; i++) {
    // Built from primes small enough that the expected answer is known.
    const primes: bigint[] = [];
    for (let product = 1n; product < 1n << 70n; product *= primes.at(-1)!)
      primes.push(nextPrime(2n + below(1n << (4n + below(27n)))));
    const sorted = primes.toSorted((a, b) => (a < b ? -1 : 1));
    const n = sorted.reduce((a, b) => a * b);
    const found = kernel.start(n, memoryFor(n), []);
    assert.equal(found.step(never), 'finished');
    assert.deepEqual(
      found.factorization().factors.flatMap((f) => Array.from({ length: f.exponent }, () => f.prime)),
      sorted,
    );
  }
});

test('an unfinished job already tells what it has, marked composite', () => {
  const n = 3n ** 4n * nextPrime(10n ** 40n) * nextPrime(10n ** 60n);
  const job = kernel.start(n, memoryFor(n), []);
  for (let i = 0; i < 40; i++) assert.equal(job.step(always), 'unfinished');
  const { factors, complete } = job.factorization();
  assert.equal(complete, false);
  assert.equal(formatFactors(factors), `3^4 ${n / 81n}!`);
});

test('a step yields within a few milliseconds, also at 1,000 digits', () => {
  const n = nextPrime(10n ** 20n) * (10n ** 979n + 7n);
  const job = kernel.start(n, memoryFor(n), []);
  // The thread's own CPU time, since a busy machine may hold up any slice; the longest slices show in the mean of many.
  const slices = 150;
  const before = process.threadCpuUsage();
  for (let i = 0; i < slices; i++) job.step(always);
  const { user } = process.threadCpuUsage(before);
  assert.ok(user / 1000 / slices < 10, `A slice took ${user / 1000 / slices} ms on average`);
});

const HARD_ENOUGH = [
  nextPrime(10n ** 17n) * nextPrime(3n * 10n ** 18n),
  7n ** 2n * nextPrime(10n ** 11n) * nextPrime(10n ** 16n) * nextPrime(3n * 10n ** 16n),
  M61 * M89,
  nextPrime(10n ** 11n) * nextPrime(10n ** 25n) * 1000003n ** 2n,
  (nextPrime(10n ** 9n) * nextPrime(10n ** 10n)) ** 2n * M127,
].map((n) => ({ n, expected: factored(n) }));

test('a job that is parked at any points and gone on with by other instances gives the same answer', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...HARD_ENOUGH),
      fc.array(fc.nat(30), { maxLength: 12 }),
      ({ n, expected }, moves) => {
        const memory = memoryFor(n);
        let job = kernel.start(n, memory, []);
        for (const count of moves) {
          for (let i = 0; i < count; i++) job.step(always);
          job = kernel.attach(structuredClone(job.state()), memory);
        }
        assert.equal(answer(job), expected);
      },
    ),
    { numRuns: 15 },
  );
});

test('a job begun again from its log, whole, cut short or repeated, gives the same answer', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...HARD_ENOUGH),
      fc.array(fc.nat(40), { maxLength: 8 }),
      fc.nat(20),
      fc.boolean(),
      ({ n, expected }, moves, kept, repeated) => {
        const log: Uint8Array[] = [];
        let job = kernel.start(n, memoryFor(n), log);
        for (const count of moves) {
          for (let i = 0; i < count; i++) job.step(always);
          log.push(...job.takeChunks());
          const replayed = log.slice(0, kept + log.length / 2);
          job = kernel.start(n, memoryFor(n), repeated ? [...replayed, ...replayed] : replayed);
        }
        assert.equal(answer(job), expected);
      },
    ),
    { numRuns: 15 },
  );
});

test('a log begins where the work ended: curves done are not done again', () => {
  const n = nextPrime(10n ** 70n) * nextPrime(10n ** 71n);
  const job = kernel.start(n, memoryFor(n), []);
  const log: Uint8Array[] = [];
  for (let i = 0; i < 60; i++) {
    job.step(always);
    log.push(...job.takeChunks());
  }
  const again = kernel.start(n, memoryFor(n), log).state() as unknown as { parts: { curves: number }[] };
  const before = job.state() as unknown as { parts: { curves: number }[] };
  assert.ok(before.parts[0]!.curves > 0);
  assert.equal(again.parts[0]!.curves, before.parts[0]!.curves);
});

test('a log with relations spares the sieve its work', () => {
  const n = nextPrime(10n ** 20n) * nextPrime(3n * 10n ** 21n);
  const job = kernel.start(n, memoryFor(n), []);
  const log: Uint8Array[] = [];
  while (job.progress().fraction < 0.8) {
    job.step(always);
    log.push(...job.takeChunks());
  }
  assert.ok(log.every((chunk) => chunk.length <= 0x10000));
  const again = kernel.start(n, memoryFor(n), log);
  let moves = 0;
  while (again.progress().fraction < 0.75) {
    again.step(always);
    moves++;
  }
  let movesFromNothing = 0;
  const fresh = kernel.start(n, memoryFor(n), []);
  while (fresh.progress().fraction < 0.75) {
    fresh.step(always);
    movesFromNothing++;
  }
  assert.ok(moves < movesFromNothing / 2, `${moves} moves with the log, ${movesFromNothing} without`);
  assert.equal(answer(again), answer(fresh));
});

const LIMITS: readonly { name: string; from: Stage; field: number; value: number }[] = [
  { name: 'polynomials run out', from: 'siqs', field: header.EXHAUSTED, value: 1 },
  { name: 'matrix does not fit', from: 'linear-algebra', field: header.DENSE_SIDE_MAX, value: 1 },
];

for (const { name, from, field, value } of LIMITS)
  test(`a composite that the sieve gives up, since its ${name}, is split by curves, here, elsewhere and from the log`, () => {
    const p = nextPrime(10n ** 17n);
    const n = p * nextPrime(3n * 10n ** 18n);
    const memory = memoryFor(n);
    const log: Uint8Array[] = [];
    const job = kernel.start(n, memory, log);
    const stages = new Set<Stage>();
    const stepOn = (spoiled: boolean): Stage => {
      if (spoiled) new Uint32Array(memory.buffer, header.ARENA)[field] = value;
      assert.equal(job.step(always), 'unfinished');
      log.push(...job.takeChunks());
      const { stage } = job.progress();
      stages.add(stage);
      return stage;
    };
    while (stepOn(false) !== from);
    while (stepOn(true) !== 'ecm');
    assert.ok(stages.has('siqs'), [...stages].join(' '));

    const elsewhere = memoryFor(n);
    new Uint8Array(elsewhere.buffer).set(new Uint8Array(memory.buffer));
    const goneOn = [
      job,
      kernel.attach(structuredClone(job.state()), elsewhere),
      kernel.start(n, memoryFor(n), log),
      kernel.start(n, memoryFor(n), [...log, ...log]),
    ];
    for (const next of goneOn) {
      let outcome = next.step(always);
      for (; outcome === 'unfinished'; outcome = next.step(always)) {
        const { stage } = next.progress();
        assert.ok(stage === 'ecm' || stage === 'primality', `it is in ${stage} again`);
      }
      assert.equal(answer(next), `${p} ${n / p}`);
    }
  });

test('a job that sieves tells its relations, and by its own speed how long it will take', () => {
  const n = nextPrime(10n ** 21n) * nextPrime(3n * 10n ** 21n);
  const lastRemainingMs = (msPerStep: number): number => {
    let nowMs = 0;
    const job = new WasmKernel(module, true, () => (nowMs += msPerStep)).start(n, memoryFor(n), []);
    let found = 0;
    let remainingMs = 0;
    while (job.step(always) === 'unfinished') {
      const { stage, relations, remainingMs: ms } = job.progress();
      assert.equal(relations !== undefined, stage === 'siqs');
      if (!relations) continue;
      assert.ok(relations.found >= found && relations.needed > 0);
      found = relations.found;
      remainingMs = ms!;
    }
    assert.ok(found > 100);
    return remainingMs;
  };
  assert.ok(lastRemainingMs(1_000) > 50 * lastRemainingMs(1));
});

test('a composite given up by the sieve does not keep a larger one from it', () => {
  const small = nextPrime(10n ** 19n + 10n ** 10n) * nextPrime(2n * 10n ** 19n);
  const large = nextPrime(3n * 10n ** 22n) * nextPrime(4n * 10n ** 22n);
  const composite = { kind: 'composite', curves: 10 ** 6 } as const;
  const parts = [
    { ...untestedPart(small, 1), ...composite, sieveGaveUp: true },
    { ...untestedPart(large, 1), ...composite },
  ];
  const n = small * large;
  const job = kernel.start(n, memoryFor(n), [encodeRecord({ kind: 'parts', parts })]);
  while (job.factorization().factors.length === 2) job.step(always);
  assert.ok(job.factorization().factors.some(({ prime }) => prime === small));
});

test('damaged, foreign and future chunks are passed over', () => {
  const n = M61 * M89;
  const job = kernel.start(n, memoryFor(n), []);
  job.step(never);
  const own = job.takeChunks();
  const foreign = kernel.start(15n * M127, memoryFor(n), []);
  foreign.step(never);
  const damaged = own.flatMap((chunk) => [
    chunk.slice(0, chunk.length / 2),
    new Uint8Array(),
    Uint8Array.of(99, ...chunk.slice(1)),
  ]);
  assert.equal(answer(kernel.start(n, memoryFor(n), [...damaged, ...foreign.takeChunks()])), `${M61} ${M89}`);
});

test('the memory of a job may have held anything', () => {
  const memory = memoryFor(M61 * M89);
  new Uint8Array(memory.buffer).fill(0xa5);
  assert.equal(answer(kernel.start(M61 * M89, memory, [])), `${M61} ${M89}`);
});

test('a prime is proven although a composite beside it may never be split', () => {
  const prime = 10n ** 30n + 57n;
  const hopeless = (10n ** 199n + 153n) * M521;
  const job = kernel.start(prime * hopeless, memoryFor(prime * hopeless), [
    encodeRecord({
      kind: 'parts',
      parts: [
        { ...untestedPart(prime, 1), kind: 'probable' },
        { ...untestedPart(hopeless, 1), kind: 'composite' },
      ],
    }),
  ]);
  const certainty = (): string | undefined =>
    job.factorization().factors.find((factor) => factor.prime === prime)?.certainty;
  while (certainty() !== 'proven') assert.equal(job.step(always), 'unfinished');
});

test('a log that says probable, as before there were proofs, ends in a proof', () => {
  const parts = [{ ...untestedPart(M127, 1), kind: 'probable' } as const];
  assert.equal(
    answer(kernel.start(M127, memoryFor(M127), [encodeRecord({ kind: 'parts', parts })])),
    `${M127}`,
  );
});
