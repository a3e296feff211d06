/** Factors a batch of words, one after the other, so that JavaScript crosses the border once for all of them. */
import { INPUT, OUTPUT } from '../layout';
import { factorWord } from './factor-word';
import { addWork, takeWork } from './work';

/** What each word costs whatever it is, in and around this loop. */
const WORD_PRODUCTS: u32 = 100;
/** How many words may go together. */
export const WORDS_MAX: i32 = 128;
/** Of each word: how many prime factors it has, with multiplicity (u8), and what it has cost (u32). */
export const WORD_COUNTS: usize = OUTPUT;
export const WORD_WORK: usize = OUTPUT + 0x100;
/** The prime factors (u64) of one word after the other: of a word ascending, and at most 63. */
export const WORD_PRIMES: usize = OUTPUT + 0x400;
export const WORD_PRIMES_MAX: i32 = 63 * WORDS_MAX;

/** Factors the first `count` words at INPUT, up to `WORDS_MAX`, each at least 1. How many prime factors they have together. */
export function factorWords(count: i32): i32 {
  let begin = WORD_PRIMES;
  takeWork(); // Others count there, too.
  for (let i: usize = 0; i < <usize>count; i++) {
    addWork(WORD_PRODUCTS);
    const end = factorWord(load<u64>(INPUT + (i << 3)), begin);
    store<u8>(WORD_COUNTS + i, <u8>((end - begin) >> 3));
    store<u32>(WORD_WORK + (i << 2), takeWork());
    begin = end;
  }
  return <i32>((begin - WORD_PRIMES) >> 3);
}
