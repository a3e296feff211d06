/** The highest rate at which something holds, by doubling and then halving the gap. Pure, but for what is asked. */

export interface RateSearch {
  /** Where it is looked for first; above 0. */
  readonly from: number;
  /** Not above this. */
  readonly max: number;
  /** Ends when the highest that held and the lowest that did not differ by less than this factor, above 1. */
  readonly factor: number;
  /** Ends after so many questions. */
  readonly triesMax: number;
  /** Whether it holds at `rate`; asked again for no rate. */
  readonly holds: (rate: number) => Promise<boolean>;
}

export interface FoundRate {
  /** The highest rate at which it was seen to hold; 0 if at none. */
  readonly held: number;
  /** The lowest rate at which it was seen not to hold; infinite if at none. */
  readonly failed: number;
}

export async function findHighestRate(search: RateSearch): Promise<FoundRate> {
  let found: FoundRate = { held: 0, failed: Infinity };
  for (let tries = 0; tries < search.triesMax; tries++) {
    const rate = nextRate(found, search);
    if (rate === undefined) break;
    found = (await search.holds(rate)) ? { ...found, held: rate } : { ...found, failed: rate };
  }
  return found;
}

/** Whole; undefined when there is nothing left to ask. */
function nextRate({ held, failed }: FoundRate, { from, max, factor }: RateSearch): number | undefined {
  if (held === 0) return failed === Infinity ? Math.min(from, max) : atLeastOne(failed / 2);
  if (failed === Infinity) return held === max ? undefined : Math.min(2 * held, max);
  return failed < held * factor || failed - held <= 1 ? undefined : Math.round(Math.sqrt(held * failed));
}

function atLeastOne(rate: number): number | undefined {
  return rate < 1 ? undefined : Math.floor(rate);
}
