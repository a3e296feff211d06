/**
 * Stage 1 of ECM (Lenstra 1987): the points times every prime power up to B1. Up to `SCALAR_BOUND_MAX` they are one long
 * scalar; after it, powers are gathered into words of up to 64 bits, each one ladder.
 */
import { PRIME_WINDOW_SPAN } from '../layout';
import { coverPrimeWindow, isPrimeInWindow } from '../arithmetic/prime-window';
import { copyPoint } from './curve';
import { ladderResult, ladderStart, ladderStartAffine, ladderStep } from './ladder';
import { SCALAR_BOUND_MAX, setScalar } from './scalar';
import { B1, POSITION, Q, SCALAR } from './state';

/** The points at Q have Z = 1. */
export function stage1Start(): void {
  const first = min(load<u32>(B1), SCALAR_BOUND_MAX);
  ladderStartAffine(Q, SCALAR, setScalar(first));
  store<u32>(POSITION, 3);
}

/** Goes on for about `products` products; what is left of them, positive if stage 1 is done. */
export function stage1Step(products: i32): i32 {
  let left = ladderStep(products);
  for (; left > 0; left = ladderStep(left)) {
    copyPoint(Q, ladderResult());
    const scalar = nextScalar();
    if (scalar == 1) return left;
    ladderStart(Q, scalar);
  }
  return 0;
}

/** The product of what the next primes still lack, as many as a word holds; 1 if none is left. */
function nextScalar(): u64 {
  const b1 = load<u32>(B1);
  if (b1 <= SCALAR_BOUND_MAX) return 1;
  let scalar: u64 = 1;
  let p = load<u32>(POSITION);
  let windowEnd: u32 = 0;
  if (p == 3) scalar = (<u64>1) << (clz(SCALAR_BOUND_MAX) - clz(b1)); // 2 is not in the window of odd numbers.
  for (; p <= b1; p += 2) {
    if (p >= windowEnd) {
      windowEnd = p - (p % PRIME_WINDOW_SPAN) + PRIME_WINDOW_SPAN;
      coverPrimeWindow(windowEnd - PRIME_WINDOW_SPAN, windowEnd - 1);
    }
    if (!isPrimeInWindow(p)) continue;
    let power = <u64>1;
    for (let reached = <u64>p; reached <= <u64>b1; reached *= p) {
      if (reached > <u64>SCALAR_BOUND_MAX) power *= p;
    }
    if (scalar > u64.MAX_VALUE / power) break;
    scalar *= power;
  }
  store<u32>(POSITION, p);
  return scalar;
}
