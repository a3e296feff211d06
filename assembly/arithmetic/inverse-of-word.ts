/** The inverse of a word modulo the job's modulus, by dividing words only. */
import { SCRATCH, SLOT_BYTES } from '../layout';
import { gcdWord, inverseModWord } from '../word/montgomery-word';
import { limbs, N } from './modulus';
import { remainderWord } from './natural';

const MULTIPLE: usize = SCRATCH + 9 * SLOT_BYTES;

/** r = 1/word mod n, as a number in [0, n), and 1 returned; else what they share, and r is undefined. 2 <= word < 2^32 < n. */
export function inverseOfWord(r: usize, word: u32): u32 {
  const k = limbs();
  const d = <u64>word;
  const rest = <u64>remainderWord(N, d, k);
  const shared = gcdWord(rest, d);
  if (shared != 1) return <u32>shared;
  // (n·t + 1) / d for the t below d that makes it whole.
  const t = d - inverseModWord(rest, d);
  let carry: u64 = 1;
  for (let i: usize = 0, end = (<usize>k) << 2; i < end; i += 4) {
    carry += t * <u64>load<u32>(N + i);
    store<u32>(MULTIPLE + i, <u32>carry);
    carry >>= 32;
  }
  for (let i = (<usize>(k - 1)) << 2; <isize>i >= 0; i -= 4) {
    const dividend = (carry << 32) | <u64>load<u32>(MULTIPLE + i);
    store<u32>(r + i, <u32>(dividend / d));
    carry = dividend % d;
  }
  return 1;
}
