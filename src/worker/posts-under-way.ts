/**
 * How much of what a rank posts may be on its way to the driver: counted in memory that thread and control side share.
 */

/** Values of one rank, and their bytes, that the driver has not taken yet. One value alone may have more bytes. */
const maxValues = 1_000;
const maxBytes = 1024 * 1024;

const values = 0;
const bytes = 1;

/** Of one thread, and there of the lease that it has now. */
export class PostsUnderWay {
  readonly counts: Int32Array;

  /** @param counts - Those of the other side; default: new ones. */
  constructor(counts: Int32Array = new Int32Array(new SharedArrayBuffer(8))) {
    this.counts = counts;
  }

  /** A value is to be sent; false: it has no room. */
  add(sizeBytes: number): boolean {
    const count = Atomics.load(this.counts, values);
    if (count >= maxValues || (count > 0 && Atomics.load(this.counts, bytes) + sizeBytes > maxBytes)) return false;
    Atomics.add(this.counts, values, 1);
    Atomics.add(this.counts, bytes, sizeBytes);
    return true;
  }

  /** The driver has taken a value. */
  take(sizeBytes: number): void {
    Atomics.sub(this.counts, values, 1);
    Atomics.sub(this.counts, bytes, sizeBytes);
  }

  /** The thread is about to get another lease: what is still under way is not of that. */
  reset(): void {
    Atomics.store(this.counts, values, 0);
    Atomics.store(this.counts, bytes, 0);
  }
}
