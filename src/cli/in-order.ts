/**
 * Runs a task for each item, several at a time, in such a way that each can wait for its turn: for the end of the one before.
 *
 * Items are taken only as fast as tasks end, and none any more once `stop` aborts. Rejects with the first error of a task or of
 * the items.
 */
export async function inOrder<T>(
  items: AsyncIterable<readonly T[]> | Iterable<readonly T[]>,
  atOnce: number,
  stop: AbortSignal,
  task: (item: T, turn: Promise<void>) => Promise<void>,
): Promise<void> {
  const { promise: failure, reject } = Promise.withResolvers<never>();
  const running = new Set<Promise<void>>();
  let onEnd = (): void => undefined;
  let last: Promise<void> = Promise.resolve();

  const start = (item: T): void => {
    const one = task(item, last);
    last = one;
    running.add(one);
    void one.catch(reject).finally(() => {
      running.delete(one);
      onEnd();
    });
  };
  const all = async (): Promise<void> => {
    for await (const some of items) {
      for (const item of some) {
        if (running.size >= atOnce) await new Promise<void>((resolve) => (onEnd = resolve));
        if (stop.aborted) break;
        start(item);
      }
      if (stop.aborted) break;
    }
    await Promise.all(running);
  };
  await Promise.race([all(), failure]);
}
