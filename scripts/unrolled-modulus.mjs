/**
 * Writes assembly/arithmetic/modulus-unrolled.ts: modular addition, subtraction and Montgomery multiplication for the sizes
 * where the quadratic sieve and short elliptic curves spend their time, with every loop unrolled and every limb in a local.
 *
 *   node scripts/unrolled-modulus.mjs
 *
 * scripts/build-kernel.mjs refuses to build while the file differs from what stands here.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const UNROLLED_MODULUS_URL = new URL('../assembly/arithmetic/modulus-unrolled.ts', import.meta.url);

const LIMBS_MIN = 3;
const LIMBS_MAX = 8;

const range = (count) => Array.from({ length: count }, (_, i) => i);
const limb = (base, i) => `<u64>load<u32>(${base}${i === 0 ? '' : `, ${4 * i}`})`;
const storeLimb = (base, i, value) => `store<u32>(${base}, <u32>${value}${i === 0 ? '' : `, ${4 * i}`});`;
const lines = (parts) =>
  parts
    .flat(Infinity)
    .map((line) => `  ${line}`)
    .join('\n');

/** Stores t or, if n fits into it, t - n; `top` is what of t lies above its limbs. */
function storeReduced(k, top) {
  return [
    `let borrow: i64 = 0;`,
    range(k).map((i) => [
      `borrow += <i64>t${i} - <i64>load<u32>(N${i === 0 ? '' : `, ${4 * i}`});`,
      `const d${i} = <u64>borrow & 0xffffffff;`,
      `borrow >>= 32;`,
    ]),
    `const isLess = <i64>${top} + borrow < 0;`,
    range(k).map((i) => storeLimb('r', i, `(isLess ? t${i} : d${i})`)),
  ];
}

function montMul(k) {
  const row = (i) => [
    `x = ${limb('a', i)};`,
    `c = x * b0 + t0;`,
    `m = <u64>(<u32>c * minusInverse);`,
    `e = (m * ${limb('N', 0)} + (c & 0xffffffff)) >> 32;`,
    range(k - 1).map((j) => [
      `c = x * b${j + 1} + t${j + 1} + (c >> 32);`,
      `e += m * ${limb('N', j + 1)} + (c & 0xffffffff);`,
      `t${j} = e & 0xffffffff;`,
      `e >>= 32;`,
    ]),
    `e += t${k} + (c >> 32);`,
    `t${k - 1} = e & 0xffffffff;`,
    `t${k} = e >> 32;`,
  ];
  return `/** r = a·b/R mod n. */
export function montMul${k}(r: usize, a: usize, b: usize, minusInverse: u32): void {
${lines([
  range(k).map((j) => `const b${j} = ${limb('b', j)};`),
  range(k + 1).map((j) => `let t${j}: u64 = 0;`),
  `let x: u64, c: u64, m: u64, e: u64;`,
  range(k).map(row),
  storeReduced(k, `t${k}`),
])}
}`;
}

function addMod(k) {
  return `/** r = a + b mod n. */
export function addMod${k}(r: usize, a: usize, b: usize): void {
${lines([
  `let carry: u64 = 0;`,
  range(k).map((i) => [
    `carry += ${limb('a', i)} + ${limb('b', i)};`,
    `const t${i} = carry & 0xffffffff;`,
    `carry >>= 32;`,
  ]),
  storeReduced(k, 'carry'),
])}
}`;
}

function subMod(k) {
  return `/** r = a - b mod n. */
export function subMod${k}(r: usize, a: usize, b: usize): void {
${lines([
  `let borrow: i64 = 0;`,
  range(k).map((i) => [
    `borrow += ${limb('a', i).replace('u64', 'i64')} - ${limb('b', i).replace('u64', 'i64')};`,
    `const d${i} = <u64>borrow & 0xffffffff;`,
    `borrow >>= 32;`,
  ]),
  `let carry: u64 = 0; // Of adding n back, where the difference was negative: borrow is then all ones.`,
  range(k).map((i) => [
    `carry += d${i} + (${limb('N', i)} & <u64>borrow);`,
    storeLimb('r', i, 'carry'),
    `carry >>= 32;`,
  ]),
])}
}`;
}

function dispatch(name, parameters, call) {
  const sizes = range(LIMBS_MAX - LIMBS_MIN + 1).map((i) => i + LIMBS_MIN);
  return `/** Does it for k limbs if k is among the unrolled sizes; false otherwise. @inline */
export function ${name}Unrolled(k: i32, ${parameters}): bool {
  switch (k) {
${sizes.map((k) => `    case ${k}:\n      ${name}${k}(${call});\n      return true;`).join('\n')}
    default:
      return false;
  }
}`;
}

export function unrolledModulusSource() {
  const sizes = range(LIMBS_MAX - LIMBS_MIN + 1).map((i) => i + LIMBS_MIN);
  const operands = 'r: usize, a: usize, b: usize';
  return `${[
    `/**
 * \`modulus.ts\` for ${LIMBS_MIN} to ${LIMBS_MAX} limbs with all loops unrolled. Written by scripts/unrolled-modulus.mjs: change that instead.
 */
import { MODULUS } from '../layout';

const N: usize = MODULUS;`,
    ...sizes.flatMap((k) => [montMul(k), addMod(k), subMod(k)]),
    dispatch('montMul', `${operands}, minusInverse: u32`, 'r, a, b, minusInverse'),
    dispatch('addMod', operands, 'r, a, b'),
    dispatch('subMod', operands, 'r, a, b'),
  ].join('\n\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(UNROLLED_MODULUS_URL, unrolledModulusSource());
