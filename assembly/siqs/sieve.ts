/**
 * Sieving one polynomial over its interval, a block of the level-1 cache at a time.
 *
 * A byte starts at the threshold less one and loses the logarithm of each prime that divides the value at its position;
 * where enough is gone it is negative, so that the sign bit is the report. The smallest primes are left out (small-prime
 * variation): they cost most and tell least.
 */
import {
  BLOCK_COUNT,
  BLOCK_SIZE,
  BUCKET_FROM,
  CYCLE_COUNT,
  EXHAUSTED,
  INTERVAL,
  LOGS,
  NEEDED,
  POLYNOMIAL_COUNT,
  POSITIONS_1,
  POSITIONS_2,
  PRIMES,
  RELATION_COUNT,
  RELATION_MAX,
  ROOTS_1,
  ROOTS_2,
  SIEVE,
  SIEVE_FROM,
  SLICE_COUNT,
  SPAN_FROM,
  THRESHOLD,
} from '../../src/kernel/siqs-header';
import { currentOfBatch, strikeBucket } from './buckets';
import { field, setField } from './header';
import { NOWHERE, nextPolynomial } from './polynomial';
import { evaluateReport } from './report';
import { strike } from './strike';

/** Positions relative to a block: only a prime without a root stands that high. */
const FAR: u32 = 0x40000000;

/** Sieves up to `count` polynomials, fewer if enough relations are found before. */
export function siqsSieve(count: i32): void {
  for (; count > 0; count--) {
    if (
      field(CYCLE_COUNT) >= field(NEEDED) ||
      field(RELATION_COUNT) >= field(RELATION_MAX) ||
      field(EXHAUSTED) != 0
    )
      return;
    nextPolynomial();
    sievePolynomial();
    setField(POLYNOMIAL_COUNT, field(POLYNOMIAL_COUNT) + 1);
  }
}

function sievePolynomial(): void {
  const interval = field(INTERVAL);
  const blocks = field(BLOCK_COUNT);
  const size = field(BLOCK_SIZE);
  const sieve = field(SIEVE);
  const from = field(SIEVE_FROM);
  const spanFrom = field(SPAN_FROM);
  memory.fill(sieve, <u8>(field(THRESHOLD) - 1), interval);
  if (field(SLICE_COUNT) != 0) strikeBucket(currentOfBatch());
  sieveSpan(sieve, interval, spanFrom, field(BUCKET_FROM));
  if (from < spanFrom) startPositions(from, spanFrom);
  for (let block: u32 = 0; block < blocks; block++) {
    if (from < spanFrom) sieveBlock(sieve + block * size, size, from, spanFrom);
    scan(sieve + block * size, size, block * size);
  }
}

/**
 * Primes up to twice the interval, over the whole of it. All strike as often as any root of the prime can, the last strike
 * perhaps behind the interval: so there is no branch to be foreseen.
 */
function sieveSpan(sieve: u32, interval: u32, from: u32, to: u32): void {
  const primes = field(PRIMES);
  const roots1 = field(ROOTS_1);
  const roots2 = field(ROOTS_2);
  const logs = field(LOGS);
  let i = from;
  let times = i < to ? interval / load<u32>(primes + (i << 2)) : 0;
  for (; i < to && times > 3; i++) {
    const p = load<u32>(primes + (i << 2));
    const log = load<u8>(logs + i);
    let x = load<u32>(roots1 + (i << 2));
    let y = load<u32>(roots2 + (i << 2));
    if (x >= NOWHERE) continue;
    x += sieve;
    y += sieve;
    while (times * p > interval) times--;
    const twice = p << 1;
    for (let left = times >> 1; left > 0; left--) {
      strike(x, log);
      strike(y, log);
      strike(x + p, log);
      strike(y + p, log);
      x += twice;
      y += twice;
    }
    strike(x, log);
    strike(y, log);
    if (times & 1) {
      strike(x + p, log);
      strike(y + p, log);
    }
  }
  for (; i < to; i++) {
    const p = load<u32>(primes + (i << 2));
    if (p > interval) break;
    const log = load<u8>(logs + i);
    const x = load<u32>(roots1 + (i << 2));
    const y = load<u32>(roots2 + (i << 2));
    if (x >= NOWHERE) continue;
    strike(sieve + x, log);
    strike(sieve + y, log);
    strike(sieve + x + p, log);
    strike(sieve + y + p, log);
    if (p + p + p <= interval) {
      strike(sieve + x + 2 * p, log);
      strike(sieve + y + 2 * p, log);
      strike(sieve + x + 3 * p, log);
      strike(sieve + y + 3 * p, log);
    } else if (p + p <= interval) {
      strike(sieve + x + 2 * p, log);
      strike(sieve + y + 2 * p, log);
    }
  }
  for (; i < to; i++) {
    const log = load<u8>(logs + i);
    const x = load<u32>(roots1 + (i << 2));
    if (x >= NOWHERE) continue;
    strike(sieve + x, log);
    strike(sieve + load<u32>(roots2 + (i << 2)), log);
  }
}

function startPositions(from: u32, to: u32): void {
  memory.copy(field(POSITIONS_1) + (from << 2), field(ROOTS_1) + (from << 2), (to - from) << 2);
  memory.copy(field(POSITIONS_2) + (from << 2), field(ROOTS_2) + (from << 2), (to - from) << 2);
}

/** Small primes, in one block of several. The last strike takes nothing off where it would fall behind the block. */
function sieveBlock(sieve: u32, size: u32, from: u32, to: u32): void {
  const end = sieve + size;
  const primes = field(PRIMES);
  const positions1 = field(POSITIONS_1);
  const positions2 = field(POSITIONS_2);
  const logs = field(LOGS);
  let times = from < to ? size / load<u32>(primes + (from << 2)) : 0;
  for (let i = from; i < to; i++) {
    const p = load<u32>(primes + (i << 2));
    const log = load<u8>(logs + i);
    let x = load<u32>(positions1 + (i << 2));
    let y = load<u32>(positions2 + (i << 2));
    if (x >= FAR) continue;
    x += sieve;
    y += sieve;
    while (times * p > size) times--;
    const twice = p << 1;
    for (let left = times >> 1; left > 0; left--) {
      strike(x, log);
      strike(y, log);
      strike(x + p, log);
      strike(y + p, log);
      x += twice;
      y += twice;
    }
    if (times & 1) {
      strike(x, log);
      strike(y, log);
      x += p;
      y += p;
    }
    strike(x, x < end ? log : 0);
    strike(y, y < end ? log : 0);
    x = x < end ? x + p : x;
    y = y < end ? y + p : y;
    store<u32>(positions1 + (i << 2), x - end);
    store<u32>(positions2 + (i << 2), y - end);
  }
}

function scan(sieve: u32, size: u32, begin: u32): void {
  for (let at: u32 = 0; at < size; at += 64) {
    const here = sieve + at;
    const any = v128.or(
      v128.or(v128.load(here), v128.load(here, 16)),
      v128.or(v128.load(here, 32), v128.load(here, 48)),
    );
    if (i8x16.bitmask(any) == 0) continue;
    for (let part: u32 = 0; part < 64; part += 16) {
      let mask = i8x16.bitmask(v128.load(here + part));
      while (mask != 0) {
        const position = at + part + ctz(mask);
        mask &= mask - 1;
        evaluateReport(begin + position, <u8>(<u8>(field(THRESHOLD) - 1) - load<u8>(sieve + position)));
      }
    }
  }
}
