/**
 * Writes assembly/arithmetic/lanes-unrolled.ts: the Montgomery product of `lanes.ts` for the sizes that numbers within the
 * sieve's reach have, with every loop unrolled and every limb in a local.
 *
 *   node scripts/unrolled-lanes.mjs
 *
 * scripts/build-kernel.mjs refuses to build while the file differs from what stands here.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const UNROLLED_LANES_URL = new URL('../assembly/arithmetic/lanes-unrolled.ts', import.meta.url);

const LIMBS_MIN = 3;
const LIMBS_MAX = 9;
const RADIX_BITS = 28;

const range = (count) => Array.from({ length: count }, (_, i) => i);
const limb = (base, i) => `load<v128>(${base}${i === 0 ? '' : `, ${16 * i}`})`;
const accumulate = (x, y) => [
  `low = i64x2.add(low, i64x2.extmul_low_i32x4_s(${x}, ${y}));`,
  `high = i64x2.add(high, i64x2.extmul_high_i32x4_s(${x}, ${y}));`,
];
const shift = (isLast) =>
  ['low', 'high'].map((half) => {
    const shifted = `i64x2.shr_u(${half}, ${RADIX_BITS})`;
    return `${half} = ${isLast ? shifted : `i64x2.add(${shifted}, bias)`};`;
  });

/** Column by column ("finely integrated product scanning"), so that few values are live at a time. */
function laneMul(k) {
  const products = (column) =>
    range(k)
      .filter((i) => column - i >= 0 && column - i < k)
      .flatMap((i) => [
        accumulate(`a${i}`, `b${column - i}`),
        i < column ? accumulate(`m${i}`, limb('N', column - i)) : [],
      ]);
  const lower = (column) => [
    products(column),
    `const m${column} = v128.and(i32x4.mul(v128.shuffle<u32>(low, high, 0, 2, 4, 6), minusInverse), mask);`,
    accumulate(`m${column}`, limb('N', 0)),
    shift(false),
  ];
  const upper = (column) => [
    products(column),
    `v128.store(r, v128.and(v128.shuffle<u32>(low, high, 0, 2, 4, 6), mask)${column === k ? '' : `, ${16 * (column - k)}`});`,
    shift(column === 2 * k - 2),
  ];
  const lines = [
    `const mask = load<v128>(MASK);`,
    `const bias = load<v128>(BIAS);`,
    `const minusInverse = load<v128>(MINUS_INVERSE);`,
    range(k).map((i) => `const a${i} = ${limb('a', i)};`),
    range(k).map((i) => `const b${i} = ${limb('b', i)};`),
    `let low = load<v128>(BIAS_FIRST);`,
    `let high = low;`,
    range(k).map(lower),
    range(k - 1).map((i) => upper(k + i)),
    `v128.store(r, v128.shuffle<u32>(low, high, 0, 2, 4, 6), ${16 * (k - 1)});`,
  ];
  return `function laneMul${k}(r: usize, a: usize, b: usize): void {
${lines
  .flat(Infinity)
  .map((line) => `  ${line}`)
  .join('\n')}
}`;
}

export function unrolledLanesSource() {
  const sizes = range(LIMBS_MAX - LIMBS_MIN + 1).map((i) => i + LIMBS_MIN);
  return `${[
    `/**
 * The product of \`lanes.ts\` for ${LIMBS_MIN} to ${LIMBS_MAX} limbs with all loops unrolled. Written by scripts/unrolled-lanes.mjs: change that instead.
 */
import { BIAS, BIAS_FIRST, LANE_N, MASK, MINUS_INVERSE } from './lane-layout';

/** The most limbs that are unrolled, and the bits of each. */
export const UNROLLED_LIMBS_MIN: i32 = ${LIMBS_MIN};
export const UNROLLED_LIMBS_MAX: i32 = ${LIMBS_MAX};
export const UNROLLED_RADIX_BITS: i32 = ${RADIX_BITS};

const N: usize = LANE_N;`,
    ...sizes.map(laneMul),
    `/** r = a·b/R mod n if k is among the unrolled sizes; false otherwise. @inline */
export function laneMulUnrolled(k: i32, r: usize, a: usize, b: usize): bool {
  switch (k) {
${sizes.map((k) => `    case ${k}:\n      laneMul${k}(r, a, b);\n      return true;`).join('\n')}
    default:
      return false;
  }
}`,
  ].join('\n\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(UNROLLED_LANES_URL, unrolledLanesSource());
