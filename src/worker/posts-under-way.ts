/**
 * How much of what a rank posts may be on its way to the driver: counted in memory that thread and control side share.
 */
import { turns } from './given-tasks.js';

/** Values of one rank, and their bytes, that the driver has not taken yet. One value alone may have more bytes. */
const maxValues = 1_000;
const maxBytes = 1024 * 1024;

const values = 0;
const bytes = 1;

/** Of one thread, and there of each of its turns: it may begin with one before the end of another is known. */
export class PostsUnderWay {
  readonly counts: Int32Array;
  /** Whose values are counted. */
  turn = 0;

  /** @param counts - Those of the other side; default: new ones. */
  constructor(counts: Int32Array = new Int32Array(new SharedArrayBuffer(8 * turns))) {
    this.counts = counts;
  }

  /** A value is to be sent; false: it has no room. */
  add(sizeBytes: number): boolean {
    const count = Atomics.load(this.counts, this.#at(values));
    if (count >= maxValues || (count > 0 && Atomics.load(this.counts, this.#at(bytes)) + sizeBytes > maxBytes))
      return false;
    Atomics.add(this.counts, this.#at(values), 1);
    Atomics.add(this.counts, this.#at(bytes), sizeBytes);
    return true;
  }

  /** The driver has taken a value. */
  take(sizeBytes: number): void {
    Atomics.sub(this.counts, this.#at(values), 1);
    Atomics.sub(this.counts, this.#at(bytes), sizeBytes);
  }

  /** The thread is about to get a lease: what is still under way in its turn is not of that. */
  reset(turn: number): void {
    Atomics.store(this.counts, 2 * turn + values, 0);
    Atomics.store(this.counts, 2 * turn + bytes, 0);
  }

  #at(what: number): number {
    return 2 * this.turn + what;
  }
}
