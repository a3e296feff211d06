/** What the sieve takes in from outside: relations that hold, one by one, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadKernelModule } from './load-kernel.ts';
import { encodeChunkHeader } from './siqs-chunk.ts';
import * as header from './siqs-header.ts';
import { randomPrime, seededRandom } from './siqs-test-numbers.ts';
import { Siqs, type SiqsExports, siqsMemoryPages } from './siqs.ts';

const module = await loadKernelModule();
const random = seededRandom(1);

interface Sieve {
  readonly siqs: Siqs;
  readonly fields: Uint32Array;
}

function begin(n: bigint, bits: number, helper = 0): Sieve {
  const memory = new WebAssembly.Memory({ initial: siqsMemoryPages(bits), maximum: 65536, shared: true });
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const siqs = new Siqs(instance.exports as unknown as SiqsExports, memory);
  siqs.start(n, helper);
  while (new Uint32Array(memory.buffer, header.ARENA)[header.POLYNOMIAL_COUNT] === 0) siqs.step(() => true);
  return { siqs, fields: new Uint32Array(memory.buffer, header.ARENA, header.HEADER_BYTES / 4) };
}

/** What the sieve of n has found, relation by relation, as they stand in its log. */
function relationsOf({ siqs }: Sieve, headerBytes: number): Uint8Array[] {
  const relations: Uint8Array[] = [];
  for (let chunk = siqs.takeRelations(); chunk; chunk = siqs.takeRelations()) {
    const view = new DataView(chunk.buffer);
    for (let at = headerBytes; at < chunk.length; at += view.getUint16(at, true))
      relations.push(chunk.slice(at, at + view.getUint16(at, true)));
  }
  return relations;
}

/** How many of the relations another sieve of the same number takes in, those of a list in one chunk. */
function takenIn(n: bigint, bits: number, chunks: readonly (readonly Uint8Array[])[]): number {
  const { siqs, fields } = begin(n, bits);
  const before = fields[header.RELATION_COUNT]!;
  for (const relations of chunks) {
    const chunk = new Uint8Array(10_000);
    let at = encodeChunkHeader(chunk, fields, n);
    for (const relation of relations) {
      chunk.set(relation, at);
      at += relation.length;
    }
    siqs.feed(chunk.subarray(0, at));
  }
  const polynomials = fields[header.POLYNOMIAL_COUNT];
  while (fields[header.PENDING_BEGIN]! < fields[header.PENDING_END]!) siqs.step(() => true);
  assert.equal(fields[header.POLYNOMIAL_COUNT], polynomials);
  return fields[header.RELATION_COUNT]! - before;
}

for (const bits of [110, 140, 200, 230])
  test(`of a number of ${bits} bits what a helper has found is taken in, and nothing that was altered`, () => {
    const n = randomPrime(bits >> 1, random) * randomPrime(bits - (bits >> 1), random);
    const first = begin(n, bits, 1);
    while (first.fields[header.RELATION_COUNT]! < 20) first.siqs.step(() => true);
    const headerBytes = encodeChunkHeader(new Uint8Array(1_000), first.fields, n);
    const relations = relationsOf(first, headerBytes).slice(-20);
    const rootBytes = first.fields[header.ROOT_BYTES]!;
    const takenOneByOne = (some: readonly Uint8Array[]) =>
      takenIn(
        n,
        bits,
        some.map((relation) => [relation]),
      );
    assert.equal(takenOneByOne(relations), relations.length);

    const altered = (change: (relation: Uint8Array, view: DataView) => Uint8Array | void): Uint8Array[] =>
      relations.map((relation) => {
        const copy = relation.slice();
        return change(copy, new DataView(copy.buffer)) ?? copy;
      });
    const longer = (relation: Uint8Array, factor: number): Uint8Array => {
      const bytes = Uint8Array.of(...relation, factor);
      new DataView(bytes.buffer).setUint16(0, bytes.length, true);
      return bytes;
    };
    const wrong: Record<string, Uint8Array[]> = {
      'another large prime': altered((_, view) => view.setUint32(6, view.getUint32(6, true) + 2, true)),
      'another root': altered((relation) => void (relation[10]! ^= 1)),
      'a root that is too great': altered((relation) => void (relation[10 + rootBytes - 1]! |= 0x80)),
      'the other sign': altered((relation) => longer(relation, 0)),
      'a factor more': altered((relation) => longer(relation, 1)),
      'another factor': altered((relation) => void (relation[relation.length - 1]! ^= 1)),
    };
    for (const [name, some] of Object.entries(wrong)) assert.equal(takenOneByOne(some), 0, name);

    // One with a wrong length hides those behind it in its chunk, one with another mistake only itself; other chunks are as they were.
    const withLength = (length: number): Uint8Array =>
      altered((_, view) => view.setUint16(0, length, true))[5]!;
    const [first5, rest, last5] = [relations.slice(0, 5), relations.slice(6, 15), relations.slice(15)];
    for (const length of [0, 1, 10, 0x7fff, 0x8000, 0xffff])
      assert.equal(takenIn(n, bits, [last5, [...first5, withLength(length), ...rest]]), 10, `${length}`);
    const spoiled = wrong['another root']![5]!;
    assert.equal(takenIn(n, bits, [last5, [...first5, spoiled, ...rest]]), relations.length - 1);
    const cut = last5.at(-1)!.subarray(0, 20);
    assert.equal(takenIn(n, bits, [first5, [...rest, cut]]), rest.length + first5.length);
  });
