import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitLength } from './bit-length.ts';
import { loadKernelModule } from './load-kernel.ts';
import * as header from './siqs-header.ts';
import { siqsParameters } from './siqs-parameters.ts';
import { Siqs, type SiqsExports, siqsMemoryPages } from './siqs.ts';
import { randomPrime, seededRandom } from './siqs-test-numbers.ts';

const module = await loadKernelModule();
const POLYNOMIALS = 400;

/** How many relations of each kind the same polynomials give, reports being rejected early or not. */
function relationsFrom(n: bigint, cofactorPower: number, early: boolean) {
  const memory = new WebAssembly.Memory({
    initial: 2 * siqsMemoryPages(bitLength(n)),
    maximum: 65536,
    shared: true,
  });
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as SiqsExports & {
    init(): void;
  };
  exports.init();
  const siqs = new Siqs(exports, memory, (bits) => ({ ...siqsParameters(bits), cofactorPower }));
  siqs.start(n);
  const fields = new Uint32Array(memory.buffer, header.ARENA, header.HEADER_BYTES / 4);
  while (fields[header.POLYNOMIAL_COUNT] === 0) siqs.step(() => true);
  if (!early) {
    fields[header.THRESHOLD_PRIMES] = 0;
    fields[header.REPORT_LEFT_MAX] = 0x7fff;
    fields[header.REPORT_GAP_TO] = 0;
  }
  const begin = fields[header.LOG_END]!;
  exports.siqsSieve(POLYNOMIALS);
  const log = new DataView(memory.buffer, fields[header.RELATION_LOG]);
  const counts = { complete: 0, one: 0, two: 0 };
  for (let at = begin; at < fields[header.LOG_END]!; at += log.getUint16(at, true)) {
    if (log.getUint32(at + 6, true) === 1) counts.complete++;
    else counts[log.getUint32(at + 2, true) === 1 ? 'one' : 'two']++;
  }
  return counts;
}

for (const { kinds, cofactorPower } of [
  { kinds: 'one large prime', cofactorPower: 1 },
  { kinds: 'two large primes', cofactorPower: 1.75 },
])
  test(`rejecting reports early loses hardly a relation, with up to ${kinds}`, () => {
    const random = seededRandom(23);
    const n = randomPrime(92, random) * randomPrime(92, random);
    const [some, all] = [true, false].map((early) => relationsFrom(n, cofactorPower, early));
    assert.ok(some && all && all.complete > 50 && all.one > 500);
    assert.ok(cofactorPower === 1 || all.two > 500, `${all.two} have two large primes`);
    for (const kind of ['complete', 'one', 'two'] as const)
      assert.ok(some[kind] >= 0.95 * all[kind], `${kind}: ${some[kind]} of ${all[kind]}`);
  });
