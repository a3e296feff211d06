import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { bitLength } from './bit-length.ts';
import { randomPrime, seededRandom } from './siqs-test-numbers.ts';
import { loadKernelModule } from './load-kernel.ts';
import * as header from './siqs-header.ts';
import { Siqs, SIQS_BITS_MAX, SIQS_BITS_MIN, type SiqsExports, siqsMemoryPages } from './siqs.ts';

let module: WebAssembly.Module;
before(async () => {
  module = await loadKernelModule();
});

const instantiate = (memory: WebAssembly.Memory) =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as SiqsExports & { init(): void };

function memoryFor(n: bigint): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: siqsMemoryPages(bitLength(n)), maximum: 65536, shared: true });
}

function fillWithGarbage(memory: WebAssembly.Memory, random: () => number): void {
  const words = new Uint32Array(memory.buffer, header.ARENA);
  for (let i = 0; i < words.length; i++) words[i] = random();
}

function sieveFor(n: bigint, memory = memoryFor(n)): Siqs {
  const siqs = new Siqs(instantiate(memory), memory);
  siqs.start(n);
  return siqs;
}

function run(siqs: Siqs): bigint {
  let factor = siqs.step(() => false);
  while (factor === 'unfinished') factor = siqs.step(() => false);
  assert.ok(factor !== 'exhausted', 'the sieve gave up');
  return factor;
}

function assertSplits(n: bigint, factor: bigint): void {
  assert.ok(factor > 1n && factor < n && n % factor === 0n, `${factor} is no proper factor of ${n}`);
}

/** A product of two primes of about half of `digits` each. */
function semiprime(digits: number, random: () => number): bigint {
  const bits = Math.round((digits * Math.log2(10)) / 2);
  return randomPrime(bits, random) * randomPrime(bits, random);
}

test('semiprimes of 20 to 50 digits are split', () => {
  const random = seededRandom(1);
  for (let digits = 20; digits <= 50; digits++) {
    const n = semiprime(digits, random);
    assertSplits(n, run(sieveFor(n)));
  }
});

test('a semiprime of 60 digits is split', () => {
  const n = semiprime(60, seededRandom(2));
  assertSplits(n, run(sieveFor(n)));
});

test('the reference number of 42 digits is split', () => {
  const n = 100000000000000000050700000000000000004563n;
  const factor = run(sieveFor(n));
  assert.ok(factor === 100000000000000000039n || factor === 1000000000000000000117n);
});

test('many small numbers are split one after the other in the same memory', () => {
  const random = seededRandom(3);
  const memory = memoryFor(1n << 99n);
  for (let i = 0; i < 60; i++) {
    const n = randomPrime(32 + (i % 16), random) * randomPrime(34 + (i % 13), random);
    assertSplits(n, run(sieveFor(n, memory)));
  }
});

test('a number of three primes of very different sizes is split', () => {
  const random = seededRandom(4);
  for (const bits of [
    [20, 40, 60],
    [16, 50, 50],
    [40, 40, 40],
    [14, 20, 100],
    [30, 30, 30, 30],
  ]) {
    const n = bits.reduce((product, size) => product * randomPrime(size, random), 1n);
    assertSplits(n, run(sieveFor(n)));
  }
});

test('what the memory held before does not matter', () => {
  const random = seededRandom(5);
  const n = semiprime(32, random);
  const memory = memoryFor(n);
  for (let i = 0; i < 3; i++) {
    fillWithGarbage(memory, random);
    assertSplits(n, run(sieveFor(n, memory)));
  }
});

test('a sieve goes on over its memory in a fresh instance after every step', () => {
  const random = seededRandom(6);
  const n = semiprime(40, random);
  const memory = memoryFor(n);
  fillWithGarbage(memory, random);
  let siqs = sieveFor(n, memory);
  let factor = siqs.step(() => true);
  let steps = 1;
  while (factor === 'unfinished') {
    const state = structuredClone(siqs.state());
    siqs = new Siqs(instantiate(memory), memory);
    siqs.attach(state);
    factor = siqs.step(() => true);
    steps++;
  }
  assert.ok(factor !== 'exhausted');
  assertSplits(n, factor);
  assert.ok(steps > 10, `there were only ${steps} steps`);
});

test('a new coefficient has a move of its own: its polynomials are sieved in the next ones', () => {
  const n = semiprime(45, seededRandom(22));
  const memory = memoryFor(n);
  const siqs = sieveFor(n, memory);
  const fields = new Uint32Array(memory.buffer, header.ARENA);
  const [counter, polynomials] = [header.A_COUNTER, header.POLYNOMIAL_COUNT];
  while (fields[counter] === 0) siqs.step(() => true);
  assert.equal(fields[polynomials], 0);
  siqs.step(() => true);
  assert.ok(fields[polynomials] > 0);
  // However the run is interrupted, no polynomial is sieved twice or left out.
  const each = 2 ** (fields[header.A_FACTORS]! - 1);
  while (siqs.progress().stage === 'siqs') {
    const sieved = (fields[counter]! - 1) * each + (fields[header.GRAY_INDEX]! || each);
    assert.equal(fields[polynomials], fields[header.COEFFICIENT_AT] === 0 ? sieved : sieved - each);
    siqs.step(() => true);
  }
});

test('attaching to a memory that holds another number is refused', () => {
  const memory = memoryFor(1n << 99n);
  const siqs = sieveFor(semiprime(25, seededRandom(7)), memory);
  assert.throws(() => siqs.attach({ version: 1, number: 15n }), /does not hold the sieve of 15/);
});

test('relations taken at random points and fed into a fresh memory are not lost', () => {
  const random = seededRandom(8);
  const n = semiprime(45, random);
  const chunks: Uint8Array[] = [];
  let found = 0;
  for (let round = 0; ; round++) {
    const memory = memoryFor(n);
    if (round % 2 === 0) fillWithGarbage(memory, random);
    const siqs = sieveFor(n, memory);
    for (const chunk of chunks) siqs.feed(chunk);
    let steps = 30 + 10 * round + (random() % 40);
    const factor = siqs.step(() => steps-- <= 0);
    assert.ok(
      siqs.progress().found >= found,
      `only ${siqs.progress().found} of ${found} cycles are there again`,
    );
    found = siqs.progress().found;
    for (let chunk = siqs.takeRelations(); chunk; chunk = siqs.takeRelations()) {
      assert.ok(chunk.length <= 0x10000);
      chunks.push(chunk);
    }
    assert.equal(siqs.takeRelations(), undefined);
    if (factor === 'unfinished') continue;
    assert.ok(factor !== 'exhausted');
    assertSplits(n, factor);
    assert.ok(round >= 2, `the sieve was never interrupted: ${round}`);
    return;
  }
});

test('all relations of a sieve finish another one without sieving, and repeating them changes nothing', () => {
  const n = semiprime(38, seededRandom(9));
  const first = sieveFor(n);
  assertSplits(n, run(first));
  const chunks: Uint8Array[] = [];
  for (let chunk = first.takeRelations(); chunk; chunk = first.takeRelations()) chunks.push(chunk);
  const second = sieveFor(n);
  for (const chunk of [...chunks, ...chunks]) second.feed(chunk);
  assertSplits(n, run(second));
  assert.equal(second.progress().found, first.progress().found);
  assert.equal(second.takeRelations(), undefined, 'what was fed is not handed out again');
});

test('relations of two helpers differ and add up', () => {
  const n = semiprime(50, seededRandom(10));
  const sieves = [1, 2].map((helper) => {
    const memory = memoryFor(n);
    const siqs = new Siqs(instantiate(memory), memory);
    siqs.start(n, helper);
    let steps = 60;
    siqs.step(() => steps-- <= 0);
    return siqs;
  });
  const [one, two] = sieves;
  assert.ok(one && two);
  const together = one.progress().found + two.progress().found;
  for (let chunk = two.takeRelations(); chunk; chunk = two.takeRelations()) one.feed(chunk);
  one.step(() => one.progress().found >= together);
  assert.ok(one.progress().found >= together * 0.95);
  assertSplits(n, run(one));
});

test('chunks that are damaged, cut short or of another number are harmless', () => {
  const random = seededRandom(11);
  const n = semiprime(36, random);
  const first = sieveFor(n);
  let steps = 6;
  first.step(() => steps-- <= 0);
  const chunk = first.takeRelations();
  assert.ok(chunk);
  const second = sieveFor(n);
  second.feed(new Uint8Array());
  second.feed(chunk.subarray(0, 30));
  for (let i = 0; i < 40; i++) {
    const damaged = chunk.slice();
    for (let hits = 0; hits < 8; hits++) damaged[random() % damaged.length] = random();
    second.feed(damaged.subarray(0, random() % damaged.length));
  }
  assertSplits(n, run(second));
  const other = sieveFor(semiprime(36, random));
  other.feed(chunk);
  other.step(() => true);
  assert.equal(other.progress().found, 0);
});

test('a sieve whose polynomials run out begins anew and comes to an end', () => {
  const n = semiprime(45, seededRandom(14));
  const memory = memoryFor(n);
  const siqs = sieveFor(n, memory);
  let steps = 20;
  siqs.step(() => steps-- <= 0);
  const found = siqs.progress().found;
  assert.ok(found > 0);
  new Uint32Array(memory.buffer, header.ARENA)[header.EXHAUSTED] = 1;
  siqs.step(() => true);
  assert.equal(siqs.progress().found, 0);
  assertSplits(n, run(siqs));
});

/** Steps until the sieve gives up, its fields set as `spoil` sets them before every step; how often it began anew. */
function timesBegunBeforeGivingUp(
  siqs: Siqs,
  memory: WebAssembly.Memory,
  spoil: (fields: Uint32Array) => void,
): number {
  const fields = new Uint32Array(memory.buffer, header.ARENA);
  let outcome: ReturnType<Siqs['step']> = 'unfinished';
  for (let steps = 0; outcome === 'unfinished'; steps++) {
    assert.ok(steps < 1000, 'the sieve does not give up');
    spoil(fields);
    outcome = siqs.step(() => true);
  }
  assert.equal(outcome, 'exhausted');
  return fields[header.EFFORT]!;
}

test('a sieve whose polynomials run out every time gives up, and says so again on another thread', () => {
  const n = semiprime(45, seededRandom(17));
  const memory = memoryFor(n);
  const siqs = sieveFor(n, memory);
  const begun = timesBegunBeforeGivingUp(siqs, memory, (fields) => {
    fields[header.EXHAUSTED] = 1;
  });
  assert.equal(begun, 2);
  const another = new Siqs(instantiate(memory), memory);
  another.attach(structuredClone(siqs.state()));
  assert.equal(
    another.step(() => false),
    'exhausted',
  );
  siqs.start(n);
  assertSplits(n, run(siqs));
});

test('a sieve gives up where the memory has no room for a larger base', () => {
  const n = semiprime(79, seededRandom(18));
  const memory = memoryFor(n);
  const begun = timesBegunBeforeGivingUp(sieveFor(n, memory), memory, (fields) => {
    fields[header.EXHAUSTED] = 1;
  });
  assert.ok(begun < 2, 'the memory has room after all: take another number');
});

test('a sieve without room for another relation, by number or by bytes, does not go on for ever', () => {
  const n = semiprime(45, seededRandom(19));
  const memory = memoryFor(n);
  for (const [limit, used] of [
    [header.RELATION_MAX, header.RELATION_COUNT],
    [header.LOG_CAPACITY, header.LOG_END],
  ] as const)
    timesBegunBeforeGivingUp(sieveFor(n, memory), memory, (fields) => {
      fields[limit] = fields[used]!;
    });
});

test('a sieve whose matrix does not fit gives up, and says so again', () => {
  const n = semiprime(40, seededRandom(20));
  const memory = memoryFor(n);
  const siqs = sieveFor(n, memory);
  while (siqs.progress().stage === 'siqs') siqs.step(() => true);
  timesBegunBeforeGivingUp(siqs, memory, (fields) => {
    fields[header.DENSE_SIDE_MAX] = 1;
  });
  assert.equal(
    siqs.step(() => false),
    'exhausted',
  );
});

test('relations with two large primes count for the cycles that they close', () => {
  const n = semiprime(48, seededRandom(15));
  const memory = memoryFor(n);
  const exports = instantiate(memory);
  exports.init();
  const siqs = new Siqs(exports, memory);
  siqs.start(n);
  while (siqs.progress().found === 0) siqs.step(() => true);
  // Sizes for which this is the rule take too long for a test: so it is switched on by hand.
  const fields = new Uint32Array(memory.buffer, header.ARENA);
  const largePrimeMax = fields[header.LARGE_PRIME_MAX] ?? 0;
  const bits = Math.round(1.8 * Math.log2(largePrimeMax));
  new BigUint64Array(memory.buffer, header.COFACTOR_MAX, 1)[0] = 1n << BigInt(bits);
  fields[header.THRESHOLD] = (fields[header.THRESHOLD] ?? 0) - 10;
  fields[header.THRESHOLD_PRIMES] = (fields[header.THRESHOLD_PRIMES] ?? 0) - 10;
  fields[header.REPORT_LEFT_MAX] = (bits + 4) * (fields[header.LOG_SCALE] ?? 1);
  assertSplits(n, run(siqs));
  const log = new DataView(memory.buffer, fields[header.RELATION_LOG], fields[header.LOG_END]);
  let twice = 0;
  for (let at = 0; at < log.byteLength; at += log.getUint16(at, true)) {
    if (log.getUint32(at + 2, true) === 1) continue;
    twice++;
    assert.ok(log.getUint32(at + 6, true) <= largePrimeMax);
  }
  assert.ok(twice > 500, `only ${twice} relations have two large primes`);
});

test('a sieve whose dependencies all fail goes on for more relations', () => {
  const n = semiprime(40, seededRandom(16));
  const memory = memoryFor(n);
  const siqs = sieveFor(n, memory);
  const fields = new Uint32Array(memory.buffer, header.ARENA);
  while (siqs.progress().stage !== 'square-root') siqs.step(() => true);
  const needed = siqs.progress().needed;
  // An empty dependency: both sides are 1.
  const unknowns = fields[header.DENSE_COLUMNS] ?? 0;
  new BigUint64Array(memory.buffer, fields[header.SOLUTIONS], unknowns).fill(0n);
  while (siqs.progress().stage === 'square-root')
    assert.equal(
      siqs.step(() => true),
      'unfinished',
    );
  assert.equal(siqs.progress().stage, 'siqs');
  assert.ok(siqs.progress().needed > needed);
  assertSplits(n, run(siqs));
});

test('there is a memory class for every size, growing with it', () => {
  let pages = 0;
  for (let bits = SIQS_BITS_MIN; bits <= SIQS_BITS_MAX; bits++) {
    assert.ok(siqsMemoryPages(bits) >= pages);
    pages = siqsMemoryPages(bits);
  }
  assert.throws(() => siqsMemoryPages(SIQS_BITS_MAX + 1), /at most 335 are allowed/);
});

test('progress never falls and names the stages in order', () => {
  const n = semiprime(45, seededRandom(12));
  const siqs = sieveFor(n);
  const stages: string[] = [];
  let fraction = 0;
  while (siqs.step(() => true) === 'unfinished') {
    const progress = siqs.progress();
    if (stages.at(-1) !== progress.stage) stages.push(progress.stage);
    assert.ok(progress.fraction >= fraction && progress.fraction < 1);
    fraction = progress.fraction;
  }
  assert.deepEqual(stages, ['siqs', 'linear-algebra', 'square-root']);
});

test('a factor is found whatever the multiplier, even for a prime factor it could share', () => {
  const random = seededRandom(13);
  for (let i = 0; i < 20; i++) {
    const n = randomPrime(12, random) * randomPrime(70, random);
    assertSplits(n, run(sieveFor(n)));
  }
});
