/** First-fit allocator for a rank's arena. Its books are private to the rank; nothing of it is shared. */
import { guardBytes } from './layout.js';

const alignBytes = 64;

/** One live allocation. */
interface Allocation {
  /** As it was asked for. */
  readonly sizeBytes: number;
  /** With what fills it up to the alignment, and its guard. */
  readonly takenBytes: number;
}

/** Allocates addresses in `[start, start + sizeBytes)`, each aligned to 64 bytes, with a guard behind each. */
export class Allocator {
  readonly #start: number;
  readonly #end: number;
  /** Live allocations by address. */
  readonly #live = new Map<number, Allocation>();
  /** Free ranges, sorted by address, never adjacent. */
  #free: { address: number; sizeBytes: number }[];

  constructor(start: number, sizeBytes: number) {
    this.#start = Math.ceil(start / alignBytes) * alignBytes;
    this.#end = start + sizeBytes;
    this.#free = [{ address: this.#start, sizeBytes: this.#end - this.#start }];
  }

  /** Returns an address, or undefined when no free range is long enough. A request of 0 bytes takes one unit. */
  allocate(sizeBytes: number): number | undefined {
    const wanted = Math.max(1, Math.ceil(sizeBytes / alignBytes)) * alignBytes + guardBytes;
    const index = this.#free.findIndex((range) => range.sizeBytes >= wanted);
    const range = this.#free[index];
    if (!range) return undefined;
    const { address } = range;
    if (range.sizeBytes === wanted) this.#free.splice(index, 1);
    else this.#free[index] = { address: address + wanted, sizeBytes: range.sizeBytes - wanted };
    this.#live.set(address, { sizeBytes, takenBytes: wanted });
    return address;
  }

  /** Returns the bytes that were freed, or undefined when nothing is allocated at `address`. */
  free(address: number): number | undefined {
    const allocation = this.#live.get(address);
    if (!allocation) return undefined;
    this.#live.delete(address);
    const { sizeBytes, takenBytes } = allocation;
    let index = this.#free.findIndex((range) => range.address > address);
    if (index < 0) index = this.#free.length;
    this.#free.splice(index, 0, { address, sizeBytes: takenBytes });
    this.#join(index);
    this.#join(index - 1);
    return sizeBytes;
  }

  /** Whether the whole range lies in one live allocation. */
  owns(address: number, sizeBytes: number): boolean {
    return this.startOf(address, sizeBytes) !== undefined;
  }

  /** The address of the live allocation that the whole range lies in; undefined: there is none. */
  startOf(address: number, sizeBytes: number): number | undefined {
    if ((this.#live.get(address)?.sizeBytes ?? -1) >= sizeBytes) return address; // the whole array, the usual case
    for (const [start, { sizeBytes: length }] of this.#live) {
      if (address >= start && address + sizeBytes <= start + length) return start;
    }
    return undefined;
  }

  /** The live allocations by address. */
  live(): IterableIterator<[number, Allocation]> {
    return this.#live.entries();
  }

  /** Free everything at once. */
  reset(): void {
    this.#live.clear();
    this.#free = [{ address: this.#start, sizeBytes: this.#end - this.#start }];
  }

  /** The most that can be allocated at once, in bytes. */
  get largestFreeBytes(): number {
    const longest = this.#free.reduce((most, { sizeBytes }) => Math.max(most, sizeBytes), guardBytes);
    return Math.floor((longest - guardBytes) / alignBytes) * alignBytes;
  }

  #join(index: number): void {
    const [left, right] = [this.#free[index], this.#free[index + 1]];
    if (left && right && left.address + left.sizeBytes === right.address) {
      this.#free.splice(index, 2, { address: left.address, sizeBytes: left.sizeBytes + right.sizeBytes });
    }
  }
}
