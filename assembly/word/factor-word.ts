/**
 * Factors words (n < 2^64) to the end. Every factor is proven prime.
 *
 * Input at INPUT, output at OUTPUT, so that JavaScript makes no call and no BigInt more than it must.
 */
import { INPUT, OUTPUT } from '../layout';
import { LANES } from '../ecm/curve';
import { ecmWord } from '../ecm/elliptic-curve-method';
import { microEcmWord } from './micro-ecm-word';
import { inverseWord, montOne } from './montgomery-word';
import { pollardRhoBrentWord } from './pollard-rho-brent-word';
import { isPrimeWord, isqrtWord, isSquareWord } from './primality-word';
import { trialDivideWord } from './trial-division-word';

/** Odd primes tried by division; what is left has no factor below `TRIAL_BOUND`. */
const TRIAL_COUNT: i32 = 1027;
const TRIAL_BOUND: u64 = 8191;
/** Up to this size rho is faster than elliptic curves. */
const RHO_BITS_MAX: i32 = 40;
/** Up to this size residues need no reduction but the product's; above, curves run in lanes. */
const MICRO_ECM_BITS_MAX: i32 = 60;
const SIGMA_MIN: u32 = 6;
const SIGMA_END: u32 = 206;

/** Factors the word at INPUT, at least 1. Writes the number of its prime factors, then them, ascending and with multiplicity, all u64. */
export function factorWord(): void {
  const first = OUTPUT + 8;
  let end = trialDivideWord(load<u64>(INPUT), TRIAL_COUNT, first);
  let rest = load<u64>(end - 8);
  if (rest == 1) end -= 8;
  else if (rest > TRIAL_BOUND * TRIAL_BOUND) {
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
  }
  store<u64>(OUTPUT, <u64>(end - first) >> 3);
}

/** A nontrivial factor of a composite without factors below `TRIAL_BOUND`. */
function splitWord(n: u64): u64 {
  if (isSquareWord(n)) return isqrtWord(n);
  const bits = 64 - <i32>clz(n);
  if (bits > MICRO_ECM_BITS_MAX) {
    let factor = ecmWord(n, SIGMA_MIN, 50, 2_700, 90);
    for (let sigma = SIGMA_MIN + LANES; factor == 1 && sigma < SIGMA_END; sigma += LANES)
      factor = ecmWord(n, sigma, 150, 8_000, 210);
    if (factor != 1) return factor;
  } else if (bits > RHO_BITS_MAX) {
    const level = bits <= 50 ? 0 : bits <= 58 ? 1 : 2;
    const factor = microEcmWord(n, inverseWord(n), montOne(n), level);
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
