/** Whether what merging leaves of the relations has room as a dense matrix, and what the sieve does where it has none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadKernelModule } from './load-kernel.ts';
import * as header from './siqs-header.ts';
import { siqsLayout } from './siqs-layout.ts';
import { type SiqsParameters, siqsParameters } from './siqs-parameters.ts';
import { randomPrime, seededRandom } from './siqs-test-numbers.ts';
import { Siqs, SIQS_BITS_MAX, type SiqsExports } from './siqs.ts';

const module = await loadKernelModule();
const PAGE_BYTES = 0x10000;

interface Sieve {
  readonly n: bigint;
  readonly siqs: Siqs;
  readonly fields: Uint32Array;
}

function begin(bits: number, seed: number, change: Partial<SiqsParameters> = {}): Sieve {
  const random = seededRandom(seed);
  const n = randomPrime(bits >> 1, random) * randomPrime(bits - (bits >> 1), random);
  const parameters = { ...siqsParameters(bits), ...change };
  const pages = Math.ceil(siqsLayout(parameters).end / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const exports = instance.exports as unknown as SiqsExports & { init(): void };
  exports.init();
  const siqs = new Siqs(exports, memory, () => parameters);
  siqs.start(n);
  return { n, siqs, fields: new Uint32Array(memory.buffer, header.ARENA, header.HEADER_BYTES / 4) };
}

function stepUntil({ siqs }: Sieve, stage: string): void {
  while (siqs.progress().stage !== stage)
    assert.equal(
      siqs.step(() => true),
      'unfinished',
    );
}

test('the relations of two large primes, and the matrix that they make, have room to spare', () => {
  const sieve = begin(206, 7, { cofactorPower: 1.75, cyclesShare: 1 });
  const { fields } = sieve;
  stepUntil(sieve, 'square-root');
  assert.equal(fields[header.NEEDED], fields[header.BASE_SIZE]! + 6, 'the matrix did not fit at once');
  assert.ok(
    Math.max(fields[header.DENSE_ROWS]!, fields[header.DENSE_COLUMNS]!) <=
      0.9 * fields[header.DENSE_SIDE_MAX]!,
  );
  assert.ok(fields[header.RELATION_COUNT]! <= 0.8 * fields[header.RELATION_MAX]!);
  assert.ok(fields[header.LOG_END]! <= 0.8 * fields[header.LOG_CAPACITY]!);
});

test('with one large prime the cycles that the table asks for make a matrix that fits and has a dependency at once', () => {
  const sieve = begin(200, 11);
  const { fields } = sieve;
  const { needed } = sieve.siqs.progress();
  assert.ok(needed < fields[header.BASE_SIZE]!);
  stepUntil(sieve, 'square-root');
  assert.equal(sieve.siqs.progress().needed, needed, 'the first matrix was made in vain');
  assert.ok(
    Math.max(fields[header.DENSE_ROWS]!, fields[header.DENSE_COLUMNS]!) <=
      0.9 * fields[header.DENSE_SIDE_MAX]!,
  );
});

test('where the cycles have no dependency only one matrix is made in vain', () => {
  const sieve = begin(130, 9, { cyclesShare: 0.9 });
  const { n, siqs, fields } = sieve;
  stepUntil(sieve, 'linear-algebra');
  assert.ok(fields[header.CYCLE_COUNT]! < 0.95 * fields[header.BASE_SIZE]!);
  stepUntil(sieve, 'siqs');
  assert.equal(siqs.progress().needed, fields[header.BASE_SIZE]! + 6);
  stepUntil(sieve, 'square-root');
  assert.equal(siqs.progress().needed, fields[header.BASE_SIZE]! + 6, 'a second one was made in vain');
  const factor = siqs.step(() => false);
  assert.ok(typeof factor === 'bigint' && factor > 1n && factor < n && n % factor === 0n, `${factor}`);
});

test('where the matrix has no room the sieve goes on for more relations, until it has', () => {
  const sieve = begin(130, 8);
  const { n, siqs, fields } = sieve;
  stepUntil(sieve, 'linear-algebra');
  const room = fields[header.DENSE_SIDE_MAX]!;
  const { needed } = siqs.progress();
  fields[header.DENSE_SIDE_MAX] = 1;
  stepUntil(sieve, 'siqs');
  fields[header.DENSE_SIDE_MAX] = room;
  assert.ok(siqs.progress().needed > needed);
  const factor = siqs.step(() => false);
  assert.ok(typeof factor === 'bigint' && factor > 1n && factor < n && n % factor === 0n, `${factor}`);
});

test('up to 100 digits a matrix has room for as many unknowns as two large primes have been seen to leave', () => {
  for (let bits = 248; bits <= SIQS_BITS_MAX; bits++) {
    const { fields } = siqsLayout(siqsParameters(bits));
    assert.ok(fields.get(header.DENSE_SIDE_MAX)! >= 0.45 * fields.get(header.BASE_SIZE)!, `${bits} bits`);
  }
});
