/** What arrives: who asks for what, through which door. Pure but for the numbers, whose primes are made at the beginning. */
import type { Kernel } from '../kernel/kernel.ts';
import { callerDraw } from './caller-draw.ts';
import { DOORS, type Door } from './door.ts';
import type { LoadOptions } from './load-options.ts';
import { randomAt, seedFor } from './seeded-random.ts';
import { semiprimes, type Semiprime } from './semiprimes.ts';

export interface Arrival {
  readonly door: Door;
  /** Index of the caller. */
  readonly caller: number;
  /** Index of the service's URL. */
  readonly url: number;
  readonly asked: Semiprime;
}

/** Gives the arrival of any index, the same for the same options, on every thread. */
export function arrivals(options: LoadOptions, kernel: Kernel): (index: number) => Arrival {
  const { mode, callers, skew, urls, digits, seed } = options;
  const doors = mode === 'mixed' ? Object.values(DOORS) : [DOORS[mode]];
  const callerOf = callerDraw(callers, skew);
  const numberAt = semiprimes({ digits, seed: seedFor(seed, 'numbers'), kernel });
  const doorSeed = seedFor(seed, 'doors');
  const callerSeed = seedFor(seed, 'callers');
  return (index) => ({
    door: doors[Math.floor(randomAt(doorSeed, index) * doors.length)]!,
    caller: callerOf(randomAt(callerSeed, index)),
    url: index % urls.length,
    asked: numberAt(index),
  });
}
