/** What arrives: who asks for what, through which door. Pure. */
import { callerDraw } from './caller-draw.ts';
import { DOORS, type Door } from './door.ts';
import type { LoadOptions } from './load-options.ts';
import { randomAt, seedFor } from './seeded-random.ts';
import { type PrimePools, semiprimes, type Semiprime, type SemiprimeOptions } from './semiprimes.ts';

export interface Arrival {
  readonly door: Door;
  /** Index of the caller. */
  readonly caller: number;
  /** Index of the service's URL. */
  readonly url: number;
  readonly asked: Semiprime;
}

/** Which numbers a load asks for. */
export function numbersOf({ digits, seed }: Pick<LoadOptions, 'digits' | 'seed'>): SemiprimeOptions {
  return { digits, seed: seedFor(seed, 'numbers') };
}

/** Gives the arrival of any index, the same for the same options, on every thread. `pools` are those of `numbersOf`. */
export function arrivals(options: LoadOptions, pools: PrimePools): (index: number) => Arrival {
  const { mode, callers, skew, urls, seed } = options;
  const doors = mode === 'mixed' ? Object.values(DOORS) : [DOORS[mode]];
  const callerOf = callerDraw(callers, skew);
  const numberAt = semiprimes(numbersOf(options), pools);
  const doorSeed = seedFor(seed, 'doors');
  const callerSeed = seedFor(seed, 'callers');
  return (index) => ({
    door: doors[Math.floor(randomAt(doorSeed, index) * doors.length)]!,
    caller: callerOf(randomAt(callerSeed, index)),
    url: index % urls.length,
    asked: numberAt(index),
  });
}
