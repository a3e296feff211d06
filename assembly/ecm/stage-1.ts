/**
 * Stage 1 of ECM (Lenstra 1987): the point times every prime power up to B1. Prime powers are gathered into words of up to 64
 * bits, each one ladder.
 */
import { PRIME_WINDOW_SPAN } from '../layout';
import { coverPrimeWindow, isPrimeInWindow } from '../arithmetic/prime-window';
import { copyPoint } from './curve';
import { LADDER_BIT_PRODUCTS, ladderBit, ladderResult, ladderStart } from './ladder';
import { B1, POSITION, Q } from './state';

export function stage1Start(): void {
  // 2 is not in the window of odd numbers; its power opens the first word.
  ladderStart(Q, (<u64>1) << (31 - clz(load<u32>(B1))));
  store<u32>(POSITION, 3);
}

/** Goes on for about `products` products; what is left of them, positive if stage 1 is done. */
export function stage1Step(products: i32): i32 {
  while (products > 0) {
    if (ladderBit()) {
      products -= LADDER_BIT_PRODUCTS;
      continue;
    }
    copyPoint(Q, ladderResult());
    const scalar = nextScalar();
    if (scalar == 1) return products;
    ladderStart(Q, scalar);
  }
  return 0;
}

/** The product of the next prime powers, as many as a word holds; 1 if none is left. */
function nextScalar(): u64 {
  const b1 = load<u32>(B1);
  let scalar: u64 = 1;
  let p = load<u32>(POSITION);
  let windowEnd: u32 = 0;
  for (; p <= b1; p += 2) {
    if (p >= windowEnd) {
      windowEnd = p - (p % PRIME_WINDOW_SPAN) + PRIME_WINDOW_SPAN;
      coverPrimeWindow(windowEnd - PRIME_WINDOW_SPAN, windowEnd - 1);
    }
    if (!isPrimeInWindow(p)) continue;
    let power = <u64>p;
    while (power * p <= <u64>b1) power *= p;
    if (scalar > u64.MAX_VALUE / power) break;
    scalar *= power;
  }
  store<u32>(POSITION, p);
  return scalar;
}
