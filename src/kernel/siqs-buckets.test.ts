import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { bitLength } from './bit-length.ts';
import { loadKernelModule } from './load-kernel.ts';
import * as header from './siqs-header.ts';
import { Siqs, type SiqsExports, siqsMemoryPages } from './siqs.ts';
import { randomPrime, seededRandom } from './siqs-test-numbers.ts';

let module: WebAssembly.Module;
before(async () => {
  module = await loadKernelModule();
});

const BATCH = 8;
const SLICE_ENDS = 4;

function sieveFor(n: bigint) {
  const memory = new WebAssembly.Memory({
    initial: siqsMemoryPages(bitLength(n)),
    maximum: 65536,
    shared: true,
  });
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as SiqsExports;
  const siqs = new Siqs(exports, memory);
  siqs.start(n);
  const fields = new Uint32Array(memory.buffer, header.ARENA, header.HEADER_BYTES / 4);
  const get = (field: number) => fields[field] ?? 0;
  return { memory, exports, siqs, get };
}

function signed(memory: WebAssembly.Memory, address: number, limbs: number): bigint {
  const words = new Uint32Array(memory.buffer, address, limbs);
  const value = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return BigInt.asIntN(32 * limbs, value);
}

const modulo = (a: bigint, p: number) => Number(((a % BigInt(p)) + BigInt(p)) % BigInt(p));

function inverse(a: number, p: number): bigint {
  let [x, y, u, v] = [BigInt(a), BigInt(p), 1n, 0n];
  while (x > 1n) [x, y, u, v] = [y % x, x, v - (y / x) * u, u];
  return u;
}

/** Where the polynomial at hand has a value divisible by p, of the positions below `end`: by its roots, in BigInt. */
function positionsOf(memory: WebAssembly.Memory, p: number, root: number, interval: number, end: number) {
  const limbs = new Uint32Array(memory.buffer, header.ARENA)[header.LIMBS_POLY] ?? 0;
  const a = signed(memory, header.A, limbs);
  const b = signed(memory, header.B, limbs);
  const doubled = inverse(modulo(2n * a, p), p);
  return [root, -root]
    .map((r) => modulo((BigInt(r) - b) * doubled + BigInt(interval / 2), p))
    .filter((position) => position < end);
}

test('buckets hold exactly the strikes of each of sixteen polynomials in turn', () => {
  const random = seededRandom(21);
  const n = randomPrime(92, random) * randomPrime(92, random);
  const { memory, exports, siqs, get } = sieveFor(n);
  while (get(header.POLYNOMIAL_COUNT) === 0) siqs.step(() => true);
  while (get(header.GRAY_INDEX) % BATCH !== 0) exports.siqsSieve(1);
  const primes = new Uint32Array(memory.buffer, get(header.PRIMES), get(header.BASE_SIZE));
  const roots = new Uint32Array(memory.buffer, get(header.SQRTS), get(header.BASE_SIZE));
  const interval = get(header.INTERVAL);
  assert.ok(get(header.SLICE_COUNT) > 4, `there are only ${get(header.SLICE_COUNT)} slices`);
  let strikes = 0;
  for (let count = 0; count < 2 * BATCH; count++) {
    const k = get(header.GRAY_INDEX) % BATCH;
    exports.siqsSieve(1);
    let begin = get(header.BUCKETS) + k * get(header.BUCKET_BYTES);
    for (let slice = 0; slice < get(header.SLICE_COUNT); slice++) {
      const at = get(header.SLICES) + slice * header.SLICE_BYTES;
      const entries = new Uint32Array(memory.buffer, at, header.SLICE_BYTES / 4);
      const end = entries[SLICE_ENDS + k] ?? 0;
      const found = [...new Uint16Array(memory.buffer, begin, (end - begin) / 2)];
      const expected: number[] = [];
      for (let i = entries[0] ?? 0; i < Math.min(entries[1] ?? 0, primes.length); i++)
        expected.push(...positionsOf(memory, primes[i] ?? 0, roots[i] ?? 0, interval, interval));
      assert.deepEqual(
        found.toSorted((x, y) => x - y),
        expected.toSorted((x, y) => x - y),
      );
      strikes += found.length;
      begin = end;
    }
  }
  assert.ok(strikes > 1000, `there were only ${strikes} strikes`);
});

test('a coefficient whose roots are found in pieces has the roots that it has in one', () => {
  const random = seededRandom(24);
  const n = randomPrime(92, random) * randomPrime(92, random);
  const rootsBy = (groups: number): Uint8Array => {
    const { memory, exports, siqs, get } = sieveFor(n);
    while (get(header.POLYNOMIAL_COUNT) === 0) siqs.step(() => true);
    exports.siqsSkipCoefficients(1);
    do exports.siqsNextCoefficient(groups);
    while (get(header.COEFFICIENT_AT) < 4 * get(header.BASE_PADDED));
    const [rootBytes, deltaBytes] = [4, 4 * get(header.A_FACTORS)].map(
      (bytes) => bytes * get(header.BASE_PADDED),
    );
    return Uint8Array.from([
      ...new Uint8Array(memory.buffer, get(header.ROOTS_1), rootBytes),
      ...new Uint8Array(memory.buffer, get(header.ROOTS_2), rootBytes),
      ...new Uint8Array(memory.buffer, get(header.DELTAS), deltaBytes),
    ]);
  };
  const whole = rootsBy(1_000_000);
  assert.ok(whole.some((byte) => byte !== 0));
  for (const groups of [1, 7, 100]) assert.deepEqual(rootsBy(groups), whole);
});

test('no prime of the base is left over in a cofactor', () => {
  const random = seededRandom(22);
  const n = randomPrime(90, random) * randomPrime(91, random);
  const { memory, siqs, get } = sieveFor(n);
  while (get(header.RELATION_COUNT) < 300) siqs.step(() => true);
  const greatest = new Uint32Array(memory.buffer, get(header.PRIMES))[get(header.BASE_SIZE) - 1] ?? 0;
  const log = new DataView(memory.buffer, get(header.RELATION_LOG), get(header.LOG_END));
  for (let at = 0; at < log.byteLength; at += log.getUint16(at, true)) {
    const largePrime = log.getUint32(at + 6, true);
    assert.ok(largePrime === 1 || largePrime > greatest, `${largePrime} is in the base`);
  }
});
