/** Access to the fields of the sieve's header, which `src/kernel/siqs-header.ts` names. */
import { ARENA, CURSOR, LA_STAGE } from '../../src/kernel/siqs-header';

export function field(index: i32): u32 {
  return load<u32>(ARENA + (index << 2));
}

export function setField(index: i32, value: u32): void {
  store<u32>(ARENA + (index << 2), value);
}

/** The address of entry `i` of the u32 array whose address is in field `index`. */
export function entry(index: i32, i: u32): u32 {
  return field(index) + (i << 2);
}

/** Linear algebra and the square root go on with another of their stages, from its beginning. */
export function enterStage(stage: u32): void {
  setField(LA_STAGE, stage);
  setField(CURSOR, 0);
}
