/**
 * What words have cost, counted as work is done, so that the CPU time of a batch can be charged to each of its numbers: a clock
 * is out of reach here. The unit is about the time of a Montgomery product.
 */
import { WORK } from '../layout';

/** @inline */
export function addWork(products: u32): void {
  store<u32>(WORK, load<u32>(WORK) + products);
}

/** What was added since the last taking. */
export function takeWork(): u32 {
  const work = load<u32>(WORK);
  store<u32>(WORK, 0);
  return work;
}
