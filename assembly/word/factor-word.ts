/** Factors a word (n < 2^64) to the end. Every factor is proven prime. */
import { P_PLUS_1_LEVEL } from './micro-ecm-level';
import { microEcmWord } from './micro-ecm-word';
import { CURVES } from './suyama-word';
import { williamsPPlus1Word } from './williams-p-plus-1-word';
import { inverseWord, montOne } from './montgomery-word';
import { pollardRhoBrentWord } from './pollard-rho-brent-word';
import { isPrimeWord, isqrtWord, isSquareWord } from './primality-word';
import { trialDivideWord } from './trial-division-word';

/** Odd primes tried by division, those up to 8,233; what is left has no factor below `TRIAL_BOUND`. */
const TRIAL_COUNT: i32 = 129 * 8; // Whole groups of eight, as `trialDivideWord` wants it.
const TRIAL_BOUND: u64 = 8192;
/** Up to this size rho is faster than elliptic curves. */
const RHO_BITS_MAX: i32 = 36;
/**
 * For every 4 bits from there on, the levels of the second curve, and of the third and all others: worked out from how often each level
 * succeeds on what random numbers leave, and on products of two primes of like size. Before them come the p + 1 method and a curve
 * of level 0, whatever the size: most composites have a factor far below their square root.
 */
const LEVELS: usize = memory.data<u8>([1, 1, 1, 1, 2, 3, 2, 3, 3, 4, 3, 5, 3, 6]);

/** Writes the prime factors of n >= 1 at `first`, ascending and with multiplicity, all u64. The address after them; up to 64 words are written. */
export function factorWord(n: u64, first: usize): usize {
  let end = trialDivideWord(n, TRIAL_COUNT, first);
  let rest = load<u64>(end - 8);
  if (rest == 1) return end - 8;
  if (rest < TRIAL_BOUND * TRIAL_BOUND) return end;
  // Words from `done` on are still to be split; each is in the end replaced by its prime factors.
  let done = end - 8;
  while (done < end) {
    rest = load<u64>(done);
    if (rest < TRIAL_BOUND * TRIAL_BOUND || isPrimeWord(rest)) {
      insertWord(first, done);
      done += 8;
      continue;
    }
    const factor = splitWord(rest);
    store<u64>(done, factor);
    store<u64>(end, rest / factor);
    end += 8;
  }
  return end;
}

/** A nontrivial factor of a composite without factors below `TRIAL_BOUND`. */
function splitWord(n: u64): u64 {
  if (isSquareWord(n)) return isqrtWord(n);
  const bits = 64 - <i32>clz(n);
  if (bits > RHO_BITS_MAX) {
    const inverse = inverseWord(n);
    const one = montOne(n);
    const levels = LEVELS + ((<usize>((bits - RHO_BITS_MAX - 1) >> 2)) << 1);
    let factor = williamsPPlus1Word(n, inverse, one, P_PLUS_1_LEVEL);
    if (factor != 1 && factor != n) return factor;
    factor = microEcmWord(n, inverse, one, 0, 0, 1);
    if (factor == 1) factor = microEcmWord(n, inverse, one, load<u8>(levels), 1, 2);
    if (factor == 1) factor = microEcmWord(n, inverse, one, load<u8>(levels, 1), 2, CURVES);
    if (factor != 1) return factor;
  }
  return pollardRhoBrentWord(n);
}

/** Moves the word at `at` down to its place among the ascending words from `first` on. */
function insertWord(first: usize, at: usize): void {
  const word = load<u64>(at);
  while (at > first && load<u64>(at - 8) > word) {
    store<u64>(at, load<u64>(at - 8));
    at -= 8;
  }
  store<u64>(at, word);
}
