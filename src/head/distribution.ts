/** How long things took: counts by upper bounds, as a histogram of Prometheus has them. */

/** Upper ends in milliseconds; what took longer is counted as `Infinity`. */
const boundsMs: readonly number[] = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000, 7_200_000,
];

/**
 * Times so far.
 *
 * @example
 * const { count, sumMs, maxMs }: Distribution = (await pool.stats()).runMs;
 * console.log(`mean ${sumMs / count} ms, at most ${maxMs} ms`);
 */
export interface Distribution {
  /** How many there were. */
  readonly count: number;
  /** All of them together, in milliseconds. */
  readonly sumMs: number;
  /** The longest, in milliseconds. */
  readonly maxMs: number;
  /** How many took at most so long, and longer than the bucket before; `upToMs` of the last is `Infinity`. */
  readonly buckets: readonly { readonly upToMs: number; readonly count: number }[];
}

/** Counts times. */
export class Times {
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;
  readonly #counts: number[] = Array.from({ length: boundsMs.length + 1 }, () => 0);

  add(elapsedMs: number): void {
    this.#count++;
    this.#sumMs += elapsedMs;
    this.#maxMs = Math.max(this.#maxMs, elapsedMs);
    const index = boundsMs.findIndex((bound) => elapsedMs <= bound);
    const at = index < 0 ? boundsMs.length : index;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  get distribution(): Distribution {
    const buckets = this.#counts.map((count, index) => ({ upToMs: boundsMs[index] ?? Infinity, count }));
    return { count: this.#count, sumMs: this.#sumMs, maxMs: this.#maxMs, buckets };
  }
}
