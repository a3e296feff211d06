/**
 * Waiting for something, but not for longer than a time.
 *
 * Invariant: an event loop that was held up does not take that for the silence of others. Timers come before what has arrived
 * by then; so when the time is over, that is taken in first.
 */
import type { Clock } from './clock.ts';

/**
 * What `work` comes to; or what `otherwise` gives, where that takes longer than `ms` milliseconds or `signal` aborts first. The work
 * itself goes on, and a failure of it that comes later is nobody's. Leaves no timer behind. It takes half a microsecond, so that it
 * can stand around every call: a sleep that is raced and cancelled takes fifteen times as long.
 */
export function within<T, U>(
  ms: number,
  work: Promise<T>,
  otherwise: () => U,
  clock: Pick<Clock, 'after'>,
  signal?: AbortSignal,
): Promise<T | U> {
  return new Promise((resolve, reject) => {
    let turn: NodeJS.Immediate | undefined;
    const over = (): void => {
      cancel();
      clearImmediate(turn);
      signal?.removeEventListener('abort', late);
    };
    const late = (): void => {
      over();
      try {
        resolve(otherwise());
      } catch (error) {
        reject(error);
      }
    };
    // Between a timer and `setImmediate` lies one look at all sockets and ports.
    const cancel = clock.after(ms, () => (turn = setImmediate(late)));
    signal?.addEventListener('abort', late);
    const told = (value: T): void => {
      over();
      resolve(value);
    };
    const failed = (error: unknown): void => {
      over();
      reject(error);
    };
    work.then(told, failed);
    // It will not say so again; what is there already is passed on all the same.
    if (signal?.aborted === true) queueMicrotask(late);
  });
}
