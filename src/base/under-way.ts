/** What was begun and is not over, so that whoever ends can wait for it. */
export class UnderWay {
  readonly #begun = new Set<Promise<unknown>>();

  /** Gives `work` back. */
  add<T>(work: Promise<T>): Promise<T> {
    this.#begun.add(work);
    const over = (): void => void this.#begun.delete(work);
    work.then(over, over);
    return work;
  }

  /** Resolves when all that was begun so far is over, whatever came of it. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#begun);
  }
}
