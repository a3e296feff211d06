/** Measured values, all of them kept, so that every quantile is exact. */
export class Samples {
  #values = new Float64Array(1024);
  #count = 0;
  #sorted = true;

  static of(values: Iterable<number>): Samples {
    const samples = new Samples();
    for (const value of values) samples.add(value);
    return samples;
  }

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(2 * this.#count);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = value;
    this.#sorted = false;
  }

  /** The least value that at least the share `q` of all values does not exceed (nearest rank); NaN if there are none. */
  quantile(q: number): number {
    if (this.#count === 0) return Number.NaN;
    const values = this.#values.subarray(0, this.#count);
    if (!this.#sorted) values.sort();
    this.#sorted = true;
    return values[Math.max(0, Math.ceil(q * this.#count) - 1)] ?? Number.NaN;
  }

  /** The middle value, or the mean of the middle two. */
  median(): number {
    return (this.quantile(0.5) + this.quantile(Math.min(1, 0.5 + 0.5 / Math.max(1, this.#count)))) / 2;
  }
}
