/** Integers of `k` limbs in two's complement over all of them; what holds for both kinds stands in `natural.ts`. */
import { copy } from './natural';

export function isNegative(a: usize, k: i32): bool {
  return <i32>load<u32>(a + ((<usize>(k - 1)) << 2)) < 0;
}

/** r = -a. */
export function negate(r: usize, a: usize, k: i32): void {
  let carry: u64 = 1;
  for (let i: usize = 0, end = (<usize>k) << 2; i < end; i += 4) {
    carry += <u64>load<u32>(a + i) ^ 0xffffffff;
    store<u32>(r + i, <u32>carry);
    carry >>= 32;
  }
}

/** r = floor(a / 2^count), for 0 <= count < 32. */
export function shiftRightSigned(r: usize, a: usize, count: u32, k: i32): void {
  if (count == 0) {
    copy(r, a, k);
    return;
  }
  const last = (<usize>(k - 1)) << 2;
  for (let i: usize = 0; i < last; i += 4)
    store<u32>(r + i, (load<u32>(a + i) >> count) | (load<u32>(a + i, 4) << (32 - count)));
  store<u32>(r + last, <u32>(<i32>load<u32>(a + last) >> count));
}
