import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrime, nextPrime, powMod, primeFactorsByDivision, seededNaturals } from './bigint-reference.ts';
import { type Claim, conclude, decides } from './neighbour-proof.ts';
import { proveByNeighbours } from './proof-runs.ts';

const below = seededNaturals(12n);

/** A product of small primes with at least that many bits. */
function smooth(bits: bigint): bigint {
  let product = 1n;
  while (product < 1n << bits) product *= nextPrime(2n + below(500n));
  return product;
}

/** The least prime of the form k·step + offset with k a prime of that many bits. */
function primeBeside(step: bigint, offset: bigint, bits: bigint): bigint {
  for (let k = nextPrime(1n << bits); ; k = nextPrime(k + 1n)) {
    const n = k * step + offset;
    if (isPrime(n)) return n;
  }
}

test('of all numbers up to 60,000 that are prime to 6 nothing is proven but primes, and nearly all of those', () => {
  let open = 0;
  for (let n = 201n; n < 60_000n; n += 2n) {
    if (n % 3n === 0n) continue;
    const verdict = proveByNeighbours(n);
    if (verdict !== 'undecided') assert.equal(verdict, isPrime(n) ? 'proven' : 'composite', `${n}`);
    else open++;
  }
  assert.ok(open < 100, `${open} are left open`);
});

test('a number is proven where a third of the bits of its predecessor are made of small primes', () => {
  for (let i = 0; i < 12; i++) {
    const n = primeBeside(2n * smooth(54n), 1n, 88n);
    assert.equal(proveByNeighbours(n), 'proven', `${n}`);
  }
});

test('a number is proven where half of the bits of its successor are made of small primes', () => {
  for (let i = 0; i < 12; i++) {
    const n = primeBeside(2n * smooth(80n), -1n, 70n);
    assert.equal(proveByNeighbours(n), 'proven', `${n}`);
  }
});

test('a number is proven where its predecessor or its successor is a small number times a prime below 3.3·10^24', () => {
  for (let i = 0; i < 12; i++)
    for (const offset of [1n, -1n]) {
      const n = primeBeside(2n * smooth(20n), offset, 80n);
      assert.equal(proveByNeighbours(n), 'proven', `${n}`);
    }
});

test('most primes of 82 to 104 bits are proven, and no product of two primes is', () => {
  let proven = 0;
  const count = 200;
  for (let i = 0; i < count; i++) {
    const n = nextPrime((1n << (81n + BigInt(i % 23))) + below(1n << 80n));
    const verdict = proveByNeighbours(n);
    assert.notEqual(verdict, 'composite', `${n}`);
    if (verdict === 'proven') proven++;
    const m = nextPrime(2n ** 41n + below(2n ** 48n)) * nextPrime(2n ** 41n + below(2n ** 48n));
    assert.notEqual(proveByNeighbours(m), 'proven', `${m}`);
  }
  assert.ok(proven > count / 2, `${proven} of ${count} are proven`);
});

test('a number is proven where predecessor and successor together have half of the bits in small primes', () => {
  let proven = 0;
  for (let i = 0; i < 20; i++) {
    const p = nextPrime(50n + below(50n));
    const q = nextPrime(150n + below(50n));
    const [f, g] = [p ** 6n, 4n * q ** 7n];
    // n = 1 modulo f and n = -1 modulo g, by Fermat's theorem, and neither suffices alone.
    const first = 1n - 2n * f * powMod(f, 2n * (q - 1n) * q ** 6n - 1n, g);
    let n = (((first % (f * g)) + f * g) % (f * g)) + f * g * (1n << 14n);
    while (!isPrime(n)) n += f * g;
    if (proveByNeighbours(n) === 'proven') proven++;
    for (let other = n + f * g, k = 0; k < 20; k++, other += f * g)
      if (!isPrime(other)) assert.notEqual(proveByNeighbours(other), 'proven', `${other}`);
  }
  assert.equal(proven, 20);
});

test('primes of 1,000 digits beside powers of 2 are proven', () => {
  for (const n of [5n * 2n ** 3_313n + 1n, 3n * 2n ** 3_189n + 1n, 3n * 2n ** 3_276n - 1n, 2n ** 2_281n - 1n])
    assert.equal(proveByNeighbours(n), 'proven', `${n}`);
  assert.equal(proveByNeighbours(5n * 2n ** 3_311n + 1n), 'composite');
});

test('products of primes that are 1 modulo the small factors are composite', () => {
  for (let i = 0; i < 30; i++) {
    const f = 2n * smooth(40n);
    const p = primeBeside(f, 1n, 4n + BigInt(i % 8));
    const q = primeBeside(f, 1n, 5n + BigInt(i % 7));
    for (const n of [p * q, p * p]) assert.notEqual(proveByNeighbours(n), 'proven', `${n}`);
    const r = primeBeside(f, -1n, 4n);
    for (const n of [p * r, r * r, r * primeBeside(f, -1n, 9n)])
      assert.notEqual(proveByNeighbours(n), 'proven', `${n}`);
  }
});

/** The largest power of the prime in n. */
function powerIn(n: bigint, prime: bigint): bigint {
  let power = 1n;
  while (n % (power * prime) === 0n) power *= prime;
  return power;
}

/** The claim of a prime, of its whole power in n - 1 or n + 1. */
function claimOf(n: bigint, side: Claim['side'], divisor: bigint): Claim {
  return { side, divisor, gain: powerIn(n + BigInt(side), divisor), isRest: false };
}

test('a product of two numbers for which all claims hold is seen through, by the digits to the base of the claims', () => {
  let met = 0;
  for (let i = 0; i < 300; i++) {
    const primes = [2n, nextPrime(100n + below(100n)), nextPrime(300n + below(100n))];
    const f = primes.reduce((a, b) => a * b);
    const [p, q] = [(1n + below(240n)) * f + 1n, (1n + below(240n)) * f + 1n];
    const n = p * q;
    const claims = primes.map((r) => claimOf(n, -1, r));
    if (!claims.every(({ gain }) => [p, q].every((d) => (d - 1n) % gain === 0n))) continue;
    assert.equal(conclude(n, claims), 'composite', `${p} · ${q}`);
    met++;
  }
  assert.ok(met > 50, `${met} such products`);
});

test('a product of two numbers for which claims of both neighbours hold is seen through', () => {
  let met = 0;
  for (let i = 0; i < 300; i++) {
    const [r1, r2] = [nextPrime(300n + below(300n)), nextPrime(1_000n + below(300n))];
    const [f, g] = [2n * r1, 4n * r2];
    const modulus = (f * g) / 2n;
    // p = 1 modulo f and -1 modulo g; q = 1 modulo both.
    let p = g - 1n;
    while (p % f !== 1n && p < modulus) p += g;
    const n = p * (modulus + 1n);
    const claims = [claimOf(n, -1, 2n), claimOf(n, -1, r1), claimOf(n, 1, 2n), claimOf(n, 1, r2)];
    if (p >= modulus || !claims.every(({ gain }) => f % gain === 0n || g % gain === 0n)) continue;
    assert.equal(conclude(n, claims), 'composite', `${p} · ${modulus + 1n}`);
    met++;
  }
  assert.ok(met > 50, `${met} such products`);
});

test('no product of two or three numbers is proven by claims that hold for each, those of what is left among them', () => {
  const met = { one: 0, two: 0, three: 0 };
  // No prime divides n - 1 and n + 1: here those of n - 1 are 1 modulo 4, those of n + 1 are 3.
  const hasPrimeFrom = (bound: bigint, m: bigint, classModulo4: bigint): boolean =>
    primeFactorsByDivision(Number(m)).some((p) => BigInt(p) >= bound && BigInt(p) % 4n === classModulo4);
  for (let i = 0; i < 16; i++) {
    const [f1, f2] = [i % 2 === 0 ? 2n : 6n, i % 4 < 2 ? 4n : 20n];
    const [b1, b2] = [nextPrime(7n + below(6n)), nextPrime(7n + below(6n))];
    const before: Claim[] = [
      { side: -1, divisor: f1, gain: f1, isRest: false },
      { side: -1, divisor: 0n, gain: b1, isRest: true },
    ];
    const both: Claim[] = [
      ...before,
      { side: 1, divisor: f2, gain: f2, isRest: false },
      { side: 1, divisor: 0n, gain: b2, isRest: true },
    ];
    // Such as prime divisors would be: 1 modulo f1 and a prime from b1 on, then also 1 or -1 modulo f2 and a prime from b2 on.
    const ones = Array.from({ length: 6_000 }, (_, k) => 1n + f1 * (BigInt(k) + 1n)).filter((r) =>
      hasPrimeFrom(b1, (r - 1n) / f1, 1n),
    );
    const withSign = (sign: bigint): bigint[] =>
      ones.filter((r) => (r - sign) % f2 === 0n && hasPrimeFrom(b2, (r - sign) / f2, 3n));
    const [plus, minus] = [withSign(1n), withSign(-1n)];
    const oneOf = (list: readonly bigint[], end = 30n): bigint => list[Number(below(end))] ?? 1n;
    const check = (kind: keyof typeof met, factors: readonly bigint[], claims: readonly Claim[]): void => {
      const n = factors.reduce((a, b) => a * b);
      if (factors.includes(1n) || !decides(n, claims)) return;
      assert.equal(conclude(n, claims), 'composite', factors.join(' · '));
      met[kind]++;
    };
    for (let k = 0; k < 100; k++) {
      check('one', [oneOf(ones), oneOf(ones)], before);
      check('two', [oneOf(plus), oneOf(minus)], both);
      check('three', [oneOf(minus, 4n), oneOf(minus, 4n), oneOf(minus, 4n)], both);
      check('three', [oneOf(plus, 4n), oneOf(plus, 4n), oneOf(minus, 4n)], both);
    }
  }
  assert.ok(Math.min(met.one, met.two, met.three) > 50, JSON.stringify(met));
});
