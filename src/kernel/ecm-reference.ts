/** The twin, for tests, of the kernel's elliptic curves: the same curves, bounds and pairs, on bigint and with one curve at a time. */
import { isPrime } from './bigint-reference.ts';
import { gcd } from './modular-integers.ts';

interface Point {
  readonly x: bigint;
  readonly z: bigint;
}

export interface ReferenceCurve {
  readonly sigma: bigint;
  readonly b1: number;
  readonly b2: number;
  readonly width: number;
}

/** What stage 1 alone and both stages share with n: 1, a factor, or n. Undefined if n shares a factor with a denominator. */
export function ecmReference(
  n: bigint,
  { sigma, b1, b2, width }: ReferenceCurve,
): { stage1: bigint; stage2: bigint } | undefined {
  const mod = (a: bigint): bigint => ((a % n) + n) % n;
  const u = sigma * sigma - 5n;
  const v = 4n * sigma;
  const inverse = inverseMod(mod(16n * u ** 3n * v), n);
  const inverseCubed = inverseMod(mod(v ** 3n), n);
  if (inverse === undefined || inverseCubed === undefined) return undefined;
  const a24 = mod((v - u) ** 3n * (3n * u + v) * inverse);

  const double = ({ x, z }: Point): Point => {
    const s = mod((x + z) ** 2n);
    const t = mod((x - z) ** 2n);
    return { x: mod(s * t), z: mod((s - t) * (t + a24 * (s - t))) };
  };
  const add = (p: Point, q: Point, difference: Point): Point => {
    const cross = (p.x - p.z) * (q.x + q.z);
    const other = (p.x + p.z) * (q.x - q.z);
    return { x: mod(difference.z * (cross + other) ** 2n), z: mod(difference.x * (cross - other) ** 2n) };
  };
  const multiply = (scalar: bigint, base: Point): Point => {
    let [lower, upper] = [base, double(base)];
    for (const bit of scalar.toString(2).slice(1)) {
      const sum = add(upper, lower, base);
      [lower, upper] = bit === '1' ? [sum, double(upper)] : [double(lower), sum];
    }
    return lower;
  };

  let scalar = 1n;
  for (let p = 2; p <= b1; p++) {
    if (!isPrime(BigInt(p))) continue;
    for (let power = p; power <= b1; power *= p) scalar *= BigInt(p);
  }
  const q = multiply(scalar, { x: mod(u ** 3n * inverseCubed), z: 1n });

  const babies = Array.from({ length: width / 2 }, (_, j) => j)
    .filter((j) => gcd(BigInt(j), BigInt(2 * width)) === 1n)
    .map((j) => ({ j, point: multiply(BigInt(j), q) }));
  // A multiple that is the neutral element modulo a factor is met as well: a common denominator vanishes.
  let product = babies.reduce((value, { point }) => mod(value * point.z), q.z);
  const giants = Math.floor(b2 / width);
  for (let m = Math.max(1, Math.floor((b1 + width / 2) / width)); m <= giants; m++) {
    const giant = multiply(BigInt(m * width), q);
    product = mod(product * giant.z);
    for (const { j, point } of babies) {
      if (!isPrime(BigInt(m * width - j)) && !isPrime(BigInt(m * width + j))) continue;
      product = mod(product * (giant.x * point.z - point.x * giant.z));
    }
  }
  return { stage1: gcd(q.z, n), stage2: gcd(product, n) };
}

/** 1/a mod n, or undefined if they are not coprime. */
function inverseMod(a: bigint, n: bigint): bigint | undefined {
  let [before, rest, coefficientBefore, coefficient] = [n, a, 0n, 1n];
  while (rest !== 0n) {
    const quotient = before / rest;
    [before, rest] = [rest, before - quotient * rest];
    [coefficientBefore, coefficient] = [coefficient, coefficientBefore - quotient * coefficient];
  }
  return before === 1n ? ((coefficientBefore % n) + n) % n : undefined;
}
