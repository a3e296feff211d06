/**
 * Writes assembly/arithmetic/lanes-unrolled.ts: the Montgomery product of `lanes.ts` for the sizes that numbers within the
 * sieve's reach have, with every loop unrolled.
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

/**
 * Column by column ("finely integrated product scanning"), so that few values are live at a time. A column's products are
 * added up apart from the carry into it, so that they do not wait for it; only the factor of the reduction does. A limb of the
 * result is stored when those of the operands are used up.
 */
function columns(k, { r, a, b, id }) {
  const [low, high] = [`low${id}`, `high${id}`];
  const m = (i) => `m${id}_${i}`;
  const accumulate = (x, y) => [
    `${low} = i64x2.add(${low}, i64x2.extmul_low_i32x4_s(${x}, ${y}));`,
    `${high} = i64x2.add(${high}, i64x2.extmul_high_i32x4_s(${x}, ${y}));`,
  ];
  const pack = `v128.shuffle<u32>(${low}, ${high}, 0, 2, 4, 6)`;
  const begin = (column) =>
    column === 0
      ? []
      : [
          `carryLow${id} = i64x2.shr_u(${low}, ${RADIX_BITS});`,
          `carryHigh${id} = i64x2.shr_u(${high}, ${RADIX_BITS});`,
        ];
  const products = (column) => {
    const indices = range(k).filter((i) => column - i >= 0 && column - i < k);
    const first = column === 0 ? 'load<v128>(BIAS_FIRST)' : 'load<v128>(BIAS)';
    return [
      `${low} = ${first};`,
      `${high} = ${low};`,
      indices.map((i) => accumulate(limb(a, i), limb(b, column - i))),
      indices.filter((i) => i < column).map((i) => accumulate(m(i), limb('N', column - i))),
    ];
  };
  const addCarry = (column) =>
    column === 0
      ? []
      : [`${low} = i64x2.add(${low}, carryLow${id});`, `${high} = i64x2.add(${high}, carryHigh${id});`];
  const lower = (column) => [
    `const ${m(column)} = v128.and(i32x4.mul(${pack}, minusInverse), mask);`,
    accumulate(m(column), limb('N', 0)),
  ];
  const upper = (column) =>
    `v128.store(${r}, v128.and(${pack}, mask)${column === k ? '' : `, ${16 * (column - k)}`});`;
  return [
    [`let ${low}: v128, ${high}: v128, carryLow${id}: v128, carryHigh${id}: v128;`],
    ...range(2 * k - 1).map((column) => [
      begin(column),
      products(column),
      addCarry(column),
      column < k ? lower(column) : upper(column),
    ]),
    [
      `${low} = i64x2.shr_u(${low}, ${RADIX_BITS});`,
      `${high} = i64x2.shr_u(${high}, ${RADIX_BITS});`,
      `v128.store(${r}, ${pack}, ${16 * (k - 1)});`,
    ],
  ];
}

/** The product of each stream, column by column in turn: two that do not wait for each other take hardly longer than one. */
function laneMul(name, k, streams) {
  const parameters = streams.flatMap(({ r, a, b }) => [r, a, b]).map((parameter) => `${parameter}: usize`);
  const parts = streams.map((stream) => columns(k, stream));
  const lines = [
    `const mask = load<v128>(MASK);`,
    `const minusInverse = load<v128>(MINUS_INVERSE);`,
    parts[0].map((_, i) => parts.map((part) => part[i])),
  ];
  return `function ${name}${k}(${parameters.join(', ')}): void {
${lines
  .flat(Infinity)
  .map((line) => `  ${line}`)
  .join('\n')}
}`;
}

const ONE_STREAM = [{ r: 'r', a: 'a', b: 'b', id: 0 }];
const TWO_STREAMS = [...ONE_STREAM, { r: 's', a: 'c', b: 'd', id: 1 }];

function dispatch(name, comment, parameters) {
  return `/** ${comment} if k is among the unrolled sizes; false otherwise. @inline */
export function ${name}Unrolled(k: i32, ${parameters.map((parameter) => `${parameter}: usize`).join(', ')}): bool {
  switch (k) {
${SIZES.map((k) => `    case ${k}:\n      ${name}${k}(${parameters.join(', ')});\n      return true;`).join('\n')}
    default:
      return false;
  }
}`;
}

const SIZES = range(LIMBS_MAX - LIMBS_MIN + 1).map((i) => i + LIMBS_MIN);

export function unrolledLanesSource() {
  return `${[
    `/**
 * The products of \`lanes.ts\` for ${LIMBS_MIN} to ${LIMBS_MAX} limbs with all loops unrolled. Written by scripts/unrolled-lanes.mjs: change that instead.
 */
import { BIAS, BIAS_FIRST, LANE_N, MASK, MINUS_INVERSE } from './lane-layout';

/** The sizes that are unrolled, and the bits of a limb. */
export const UNROLLED_LIMBS_MIN: i32 = ${LIMBS_MIN};
export const UNROLLED_LIMBS_MAX: i32 = ${LIMBS_MAX};
export const UNROLLED_RADIX_BITS: i32 = ${RADIX_BITS};

const N: usize = LANE_N;`,
    ...SIZES.flatMap((k) => [laneMul('laneMul', k, ONE_STREAM), laneMul('laneMulTwo', k, TWO_STREAMS)]),
    dispatch('laneMul', 'r = a·b/R mod n', ['r', 'a', 'b']),
    dispatch('laneMulTwo', 'r = a·b/R and s = c·d/R mod n', ['r', 'a', 'b', 's', 'c', 'd']),
  ].join('\n\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(UNROLLED_LANES_URL, unrolledLanesSource());
