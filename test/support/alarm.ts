/** An upper limit for what a process is to do by itself, which does not count the time for which the process stood still. */

export interface Alarm extends Disposable {
  /** Whether `ms` have passed and this process has not stood still for long. */
  readonly hasRung: boolean;
}

/**
 * Rings after `ms`. Node.js calls timers in the order in which they were due, and this one rings a turn later: so what was to happen at its
 * own time, before this, has happened before it rings, with a turn for what had arrived, even where all of them come late.
 */
export function setAlarm(ms: number): Alarm {
  let hasRung = false;
  const timer = setTimeout(() => setImmediate(() => (hasRung = true)), ms);
  return {
    get hasRung() {
      return hasRung;
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
