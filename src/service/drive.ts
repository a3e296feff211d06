/** For tests on a simulated machine: waits for what only comes to pass as the world goes on. */
import type { World } from './simulation/world.ts';

/** What `promise` resolves to, after as many steps of the world as that takes. Rejects as it does. */
export async function drive<T>(world: World, promise: Promise<T>): Promise<T> {
  const isSettled = (): Promise<boolean> =>
    Promise.race([
      promise.then(
        () => true,
        () => true,
      ),
      new Promise<boolean>((resolve) => setImmediate(resolve, false)),
    ]);
  while (!(await isSettled())) await world.step();
  return promise;
}
